const OPENING = 0x7b
const CLOSING = 0x7d
const LIST_OPENING = 0x5b
const LIST_CLOSING = 0x5d
const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a

/** Objects this deep in a body are the protocol's own (message, `params`, and in a batch): there, case tells no keys apart. */
const PROTOCOL_DEPTH = 3

/**
 * Whether an object within valid JSON has a key twice. Readers differ in which of the two they take, and some (Go's) take
 * `Name` for `name`: so in the protocol's own objects keys count as the same in any case.
 */
export function hasTwins(json: Buffer): boolean {
  const open: (Set<string> | undefined)[] = []
  for (let at = 0; at < json.length; at++) {
    const byte = json[at]
    if (byte === OPENING) open.push(new Set())
    else if (byte === LIST_OPENING) open.push(undefined)
    else if (byte === CLOSING || byte === LIST_CLOSING) open.pop()
    else if (byte === QUOTE) {
      const end = endOfText(json, at)
      const keys = open.at(-1)
      if (keys && isKey(json, end)) {
        const name = JSON.parse(json.toString('utf8', at, end)) as string
        const key = open.length <= PROTOCOL_DEPTH ? folded(name) : name
        if (keys.has(key)) return true
        keys.add(key)
      }
      at = end - 1
    }
  }
  return false
}

/** A key's letters without their case, as readers that do not tell it apart compare them. */
export function folded(key: string): string {
  return key.toUpperCase().toLowerCase()
}

/** Where a text that begins at `start` ends, its quote included. */
function endOfText(json: Buffer, start: number): number {
  for (let at = start + 1; at < json.length; at++) {
    if (json[at] === BACKSLASH) at++
    else if (json[at] === QUOTE) return at + 1
  }
  return json.length
}

function isKey(json: Buffer, from: number): boolean {
  for (let at = from; at < json.length; at++) if (json[at]! > 0x20) return json[at] === COLON
  return false
}
