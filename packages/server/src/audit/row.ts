import { HASH_BYTES, type Hash, leafHash, rowHash } from './hashes.js'

/** Version of the form of rows. */
export const ROW_VERSION = 1

/** What a row says, by the names that it has in JSON. */
export interface AuditRow {
  readonly actor: string
  readonly details: { readonly [name: string]: unknown }
  readonly event_type: string
  readonly id: string
  readonly origin: string
  readonly prev_hash: Hash
  readonly row_hash: Hash
  readonly seq: number
  readonly target: string
  readonly timestamp: string
  readonly version: number
}

/** The members of a row that its writer chooses, each as canonical JSON. */
export interface RowContent {
  readonly id: string
  readonly timestamp: string
  readonly eventType: string
  readonly actor: string
  readonly target: string
  readonly details: string
  readonly origin: string
}

/** A row but for its place. */
export interface RowText {
  /** What stands before the value of `prev_hash`. */
  readonly before: string
  /** What stands behind the value of `seq`. */
  readonly after: string
  /** Lengths of both in UTF-8. */
  readonly beforeBytes: number
  readonly afterBytes: number
}

const ID = ',"id":"'
const START = Buffer.from('{"actor":"')
const PREV_HASH = Buffer.from(',"prev_hash":"')
const ROW_HASH = ',"row_hash":"'
const ROW_HASH_BYTES = Buffer.from(ROW_HASH)
const SEQ_TEXT = ',"seq":'
const SEQ = Buffer.from(SEQ_TEXT)
const TARGET = Buffer.from(',"target":"')
const END = Buffer.from(`,"version":${ROW_VERSION}}`)
const HEX_CHARS = 2 * HASH_BYTES
/** Bytes from the comma before `prev_hash` to the one before `row_hash`, and from there to the one before `seq`. */
const PREV_MEMBER = PREV_HASH.length + HEX_CHARS + 1
const ROW_MEMBER = ROW_HASH.length + HEX_CHARS + 1
/** More digits than 2^53 − 1 has without being unsafe: 15. */
const MAX_SEQ_DIGITS = 15
/** No row is longer. 64 KiB. */
export const MAX_ROW_BYTES = 65_536
const QUOTE = 0x22
const ZERO = 0x30

/** Bytes of a row that are neither its text nor the digits of `seq`. */
const PLACE_BYTES = HEX_CHARS + 1 + ROW_MEMBER + SEQ_TEXT.length

/** The text of a row, whose members stand in the order that RFC 8785 gives their names. */
export function rowText({ id, timestamp, eventType, actor, target, details, origin }: RowContent): RowText {
  const before = `{"actor":${actor},"details":${details},"event_type":${eventType},"id":${id},"origin":${origin},"prev_hash":"`
  const after = `,"target":${target},"timestamp":${timestamp},"version":${ROW_VERSION}}`
  return { before, after, beforeBytes: Buffer.byteLength(before), afterBytes: Buffer.byteLength(after) }
}

/** What a row says of itself but for its place, out of its text. */
export function readText({ before, after }: RowText): Omit<AuditRow, 'prev_hash' | 'row_hash' | 'seq'> {
  return JSON.parse(`${before}"${after}`)
}

/** The `id` in a row, or in what stands before its `prev_hash`: behind that name no other quotation mark can be mistaken for it. */
export function idIn(row: string): string {
  const at = row.lastIndexOf(ID) + ID.length
  return row.slice(at, row.indexOf('"', at))
}

/** Bytes of so many rows from `seq` on, in their canonical form. */
export function rowsBytes(texts: readonly RowText[], seq: number): number {
  return texts.reduce(
    (sum, { beforeBytes, afterBytes }, n) => sum + beforeBytes + PLACE_BYTES + String(seq + n).length + afterBytes,
    0,
  )
}

/** Writes the canonical bytes of a row into `room` from `at` on, where there is room for them; returns them and its hash. */
export function writeRow(
  room: Buffer,
  at: number,
  { before, after, beforeBytes, afterBytes }: RowText,
  seq: number,
  prevHash: Hash,
): { readonly bytes: Uint8Array; readonly rowHash: Hash } {
  const digits = String(seq)
  const text = `${before}${prevHash}"${ROW_HASH}${prevHash}"${SEQ_TEXT}${digits}${after}`
  const end = at + beforeBytes + PLACE_BYTES + digits.length + afterBytes
  // Where each character is one byte, which is most rows, none needs to be looked at.
  if (text.length === end - at) room.write(text, at, 'latin1')
  else room.write(text, at)
  const bytes = room.subarray(at, end)
  const hashAt = beforeBytes + HEX_CHARS + 1
  const hash = rowHash(bytes, hashAt, hashAt + ROW_MEMBER)
  room.write(hash, at + hashAt + ROW_HASH.length, 'latin1')
  return { bytes, rowHash: hash }
}

/** What a verifier needs of a row. */
export interface Seam {
  readonly seq: number
  readonly rowHash: Hash
  /** Hash of the row as a leaf of the tree. */
  readonly leaf: Hash
  /** Whether its `prev_hash` is the one that was asked about. */
  readonly follows: boolean
}

/**
 * Reads a row's place and hashes out of its stored bytes, without reading it as JSON, and recomputes its hash. In a JSON
 * string a quotation mark is escaped, so the last `,"row_hash":"` of a row is the member of that name: after it come a
 * number and text alone. What is no JSON has its seam at the last place that looks like one.
 *
 * @param lastHash `row_hash` of the row before it, where it is known
 * @returns undefined for bytes that are no row, or whose hash is not the one that they say
 */
export function readSeam(row: Uint8Array, lastHash: Hash | undefined): Seam | undefined {
  const bytes = Buffer.isBuffer(row) ? row : Buffer.from(row.buffer, row.byteOffset, row.byteLength)
  if (bytes.length > MAX_ROW_BYTES || !has(bytes, START, 0) || !has(bytes, END, bytes.length - END.length))
    return undefined
  let place: ReturnType<typeof seamAt>
  for (let at = bytes.length; !place && at > 0; ) {
    at = bytes.lastIndexOf(ROW_HASH_BYTES, at - 1)
    place = at > 0 ? seamAt(bytes, at) : undefined
  }
  if (!place) return undefined
  const { hashAt, seqAt, seq } = place
  const hash = rowHash(bytes, hashAt, seqAt)
  if (!says(bytes, hashAt + ROW_HASH.length, hash)) return undefined
  const follows = lastHash === undefined || says(bytes, hashAt - 1 - HEX_CHARS, lastHash)
  return { seq, rowHash: hash, leaf: leafHash(bytes), follows }
}

/** Whether `prev_hash`, `row_hash` and `seq` lie around the comma before the second of them. */
function seamAt(bytes: Buffer, hashAt: number) {
  const prevAt = hashAt - PREV_MEMBER
  const seqAt = hashAt + ROW_MEMBER
  if (prevAt < START.length || !has(bytes, PREV_HASH, prevAt) || !has(bytes, SEQ, seqAt)) return undefined
  const seq = readSeq(bytes, seqAt + SEQ.length)
  return seq === undefined || bytes[hashAt - 1] !== QUOTE || bytes[seqAt - 1] !== QUOTE
    ? undefined
    : { hashAt, seqAt, seq }
}

/** Whether the text at a place is this one, of ASCII. */
function says(bytes: Buffer, at: number, text: string): boolean {
  for (let n = 0; n < text.length; n++) if (bytes[at + n] !== text.charCodeAt(n)) return false
  return true
}

function has(bytes: Buffer, part: Buffer, at: number): boolean {
  for (let n = 0; n < part.length; n++) if (bytes[at + n] !== part[n]) return false
  return true
}

/** A decimal without leading zeros, followed by the member `target`. */
function readSeq(bytes: Buffer, from: number): number | undefined {
  let value = 0
  let at = from
  for (; at - from <= MAX_SEQ_DIGITS; at++) {
    const digit = (bytes[at] ?? 0) - ZERO
    if (digit < 0 || digit > 9) break
    value = 10 * value + digit
  }
  const digits = at - from
  if (digits === 0 || digits > MAX_SEQ_DIGITS || (digits > 1 && bytes[from] === ZERO)) return undefined
  return has(bytes, TARGET, at) ? value : undefined
}

/** Reads a stored row as JSON. @throws SyntaxError for what is no JSON: verify first */
export function parseRow(bytes: Uint8Array): AuditRow {
  return JSON.parse(Buffer.from(bytes).toString('utf8')) as AuditRow
}
