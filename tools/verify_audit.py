#!/usr/bin/env python3
"""Checks an mcp-vitals audit log by docs/audit-log-format.md. Status 0: it holds; 1: it does not; 2: cannot be read."""
import argparse, base64, functools, hashlib, itertools, json, re, sqlite3, sys, urllib.parse
sha = lambda *parts: hashlib.sha256(b"".join(parts)).digest()
P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493  # Ed25519 (RFC 8032, 5.1); a point is X, Y, Z, T
D, I = -121665 * pow(121666, -1, P) % P, pow(2, (P - 1) // 4, P)
def add(p, q):
    (x, y, z, t), (u, v, w, s) = p, q
    a, b, c, d = (y - x) * (v - u) % P, (y + x) * (v + u) % P, 2 * t * s * D % P, 2 * z * w % P
    return (b - a) * (d - c) % P, (d + c) * (b + a) % P, (d - c) * (d + c) % P, (b - a) * (b + a) % P
times = lambda n, p: functools.reduce(lambda q, b: add(add(q, q), p) if b == "1" else add(q, q), f"{n:b}", (0, 1, 1, 0))
def point(raw):
    sign, y = divmod(int.from_bytes(raw, "little"), 2**255)
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    roots = [pow(square, (P + 3) // 8, P) * fourth_root % P for fourth_root in (1, I, P - 1, P - I)]
    x = next((x for x in roots if x * x % P == square and x % 2 == sign), 0)
    return x, y, 1, x * y % P
@functools.lru_cache(65536)
def signed(key, signature, text):
    s, (x, y, z, t) = int.from_bytes(signature[32:], "little"), point(key)
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + text).digest(), "little") % L
    x, y, z, t = add(times(s, point(b"\x58" + 31 * b"\x66")), times(k, (P - x, y, z, P - t)))
    end = y * pow(z, -1, P) % P + x * pow(z, -1, P) % P % 2 * 2**255
    return len(signature) == 64 and s < L and signature[:32] == end.to_bytes(32, "little")

BASE64 = "(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"
NOTE = re.compile(f"(.+\n)\n((?:— [^ \n]+ {BASE64}\n){{1,64}})".encode(), re.S)
BODY = re.compile(rb"(.+)\n(0|[1-9]\d{0,14})\n([A-Za-z0-9+/]{43}=)\nlast_hash ([0-9a-f]{64})\ntime \d+\n(.+\n)*")
def read_key(vkey):
    name, _, encoded = vkey.strip().encode().split(b"+", 2)
    return (name, sha(name, b"\n", base64.b64decode(encoded))[:4]), base64.b64decode(encoded)[1:]
def split_notes(data):
    return [note + b"\n" for note in re.split(rb"\n\n+(?!\xe2\x80\x94 )", data.strip(b"\n")) if note]
def open_note(note, name, keys):  # (size, root, last hash) of a checkpoint, or what is wrong with it
    whole, known = NOTE.fullmatch(note), []
    for _, key_name, encoded in (line.split(b" ") for line in whole[2].split(b"\n")[:-1]) if whole else ():
        key = keys.get((key_name, base64.b64decode(encoded)[:4]))
        known += [signed(key, base64.b64decode(encoded)[4:], whole[1])] if key else []
    body = whole and BODY.fullmatch(whole[1])
    if not whole or False in known or known and not body:
        return "unsigned"
    return (int(body[2]), base64.b64decode(body[3]), body[4]) if known and body[1] == name else "foreign key"

ROW = re.compile(rb'{"actor":".*,"prev_hash":"(.{64})","row_hash":"(.{64})","seq":(0|[1-9]\d{0,14}),"target":".*', re.S)
def read_row(row, column=None, stated=None):  # (seq, prev_hash, row_hash, leaf, do a store's columns agree), or None
    seam = isinstance(row, bytes) and len(row) <= 65536 and row.endswith(b',"version":1}') and ROW.fullmatch(row)
    found = seam and sha(b"mcp-vitals/audit/row/v1\n", row[:seam.end(1) + 1], row[seam.end(2) + 1:]).hex().encode()
    if seam and found == seam[2]:
        return int(seam[3]), seam[1], found, sha(b"\0", row), column in (None, int(seam[3])) and stated in (None, found)

def verify(rows, notes, keys, start=(0, b"", []), most_unsigned=10000):
    """(first bad row, fault) or (rows, None). start: how many rows lie before, the last one's hash, their frontier."""
    rows, name, points, recent, pending, (size, last, tree) = iter(rows), [*keys][0][0], {}, {}, None, start
    for opened in (open_note(note, name, keys) for note in notes):
        if isinstance(opened, str):
            return max(points, default=0), opened
        points.setdefault(opened[0], []).append(opened[1:])
    covered, proven, tree = max(points, default=-1), size, list(tree)
    last = last if size else sha(b"mcp-vitals/audit/log/v1\n", name).hex().encode()
    if covered < size:
        return size, "unsigned"
    for row in itertools.chain([()], rows):
        if row != ():
            seq, prev, row_hash, leaf, fits = row or (size, last, None, None, False)
            bad = (max(proven, size - 1), "changed") if prev != last else None if fits else (size, "changed")
            if seq > size:
                bad = size, "reordered" if any(other and other[0] == size for other in rows) else "missing"
            if seq < size:
                bad = (size, "reordered") if recent.get(seq, row_hash) == row_hash else (seq, "forked")
            if bad:
                return pending or bad
            recent[size], last, size = row_hash, row_hash, size + 1
            recent.pop(size - 1025, None)
            for _ in range((size & -size).bit_length() - 1):
                leaf = sha(b"\1", tree.pop(), leaf)
            tree.append(leaf)
        if size in points:
            root = functools.reduce(lambda right, left: sha(b"\1", left, right), tree[::-1]) if tree else sha()
            right = {root == stated and last == end for stated, end in points[size]}
            if True in right and (pending or False in right):
                return proven, "forked"
            pending = pending or (None if right == {True} else (proven, "rewritten"))
            proven, recent = (proven, recent) if pending else (size, {})
    if pending or covered > size:
        return pending or (size, "cut")
    return (size, None) if size - proven <= most_unsigned else (proven, "unsigned")

def open_source(path, notes):  # (start, rows) of exported or archived rows, or of a store: its checkpoints join notes
    first = (file := open(path, "rb")).readline()
    if first.startswith(b"SQLite format 3\0"):
        db = sqlite3.connect(f"file:{urllib.parse.quote(path)}?mode=ro", uri=True)
        db.text_factory = bytes
        db.execute("BEGIN")
        notes += [note for note, in db.execute("SELECT note FROM checkpoints ORDER BY size")]
        start = db.execute("SELECT size, last_hash, frontier FROM segments ORDER BY first DESC").fetchone()
        live = "SELECT bytes, seq, row_hash FROM row_data WHERE seq >= ? ORDER BY seq"  # below it lies what is archived
        rows = itertools.starmap(read_row, db.execute(live, [start[0] if start else -2**63]))
    else:
        start = (head := json.loads(first))["first"], head["prev_hash"].encode(), json.dumps(head["frontier"])
        rows = (read_row(line.removesuffix(b"\n")) for line in file)
    size, last, nodes = start or (0, b"", "[]")
    tree = [bytes.fromhex(node) for node in json.loads(nodes)]
    if {len(node) for node in tree} - {32} or len(tree) != f"{size:b}".count("1"): raise ValueError("no frontier")
    return (size, last, tree), rows
if __name__ == "__main__":
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("source", nargs="+", help="exported or archived rows, or audit.db; several: one log, in order")
    ask.add_argument("--key", type=read_key, action="append", required=True, help="<name>+<key id>+<base64>; all of it")
    ask.add_argument("--checkpoints", action="append", default=[], help="file of checkpoints that were kept")
    ask.add_argument("--max-unsigned", type=int, default=10000, help="most rows behind the newest checkpoint")
    given = ask.parse_args()
    try:
        notes = [note for path in given.checkpoints for note in split_notes(open(path, "rb").read())]
        starts, rows = zip(*(open_source(path, notes) for path in given.source))
        place, fault = verify(itertools.chain(*rows), notes, dict(given.key), starts[0], given.max_unsigned)
    except (OSError, ValueError, LookupError, TypeError, sqlite3.Error) as error:
        ask.exit(2, f"cannot be read: {error!r}\n")
    print(f"row {place}: {fault}" if fault else f"holds: {place} rows")
    sys.exit(1 if fault else 0)
