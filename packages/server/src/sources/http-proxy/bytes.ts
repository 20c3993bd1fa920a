import type { ByteRange } from '@mcp-vitals/instrument/mcp'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const NEWLINE = 0x0a
const RETURN = 0x0d

/** One token to replace. Nothing is replaced where `at` is undefined. */
export interface Change {
  readonly at: ByteRange | undefined
  readonly token: string
}

/** The bytes with each of these tokens replaced, and every other byte as it was. Ranges do not overlap. */
export function splice(bytes: Buffer, changes: readonly Change[]): Buffer {
  const parts: Buffer[] = []
  let copied = 0
  const present = changes.flatMap(({ at, token }) => (at ? [{ start: at[0], end: at[1], token }] : []))
  for (const { start, end, token } of present.sort((a, b) => a.start - b.start)) {
    parts.push(bytes.subarray(copied, start), Buffer.from(token))
    copied = end
  }
  parts.push(bytes.subarray(copied))
  return Buffer.concat(parts)
}

/**
 * The same message on one line, byte for byte as long: line breaks, which JSON has between tokens alone, become spaces.
 * Undefined where one stands inside a text, which is no JSON and would become two lines.
 */
export function oneLine(bytes: Buffer): Buffer | undefined {
  if (!bytes.includes(NEWLINE) && !bytes.includes(RETURN)) return bytes
  const line = Buffer.from(bytes)
  let inText = false
  for (let at = 0; at < line.length; at++) {
    const byte = line[at]
    if (byte === QUOTE) inText = !inText
    else if (byte === BACKSLASH && inText) at++
    else if (byte === NEWLINE || byte === RETURN) {
      if (inText) return undefined
      line[at] = 0x20
    }
  }
  return line
}
