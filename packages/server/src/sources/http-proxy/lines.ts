const NEWLINE = 0x0a
const RETURN = 0x0d

/** Cuts a byte stream into lines. */
export interface Lines {
  /** The lines that this chunk completes, without their ends. Empty ones are left out. */
  feed(chunk: Buffer): readonly Buffer[]
}

/** Bytes kept of each end of a line that is too long: enough to learn which request it answers. */
const END_BYTES = 512

/** What is left of a line that was too long. Shorter than the line itself, so neither holds the other. */
export interface LineEnds {
  readonly head: string
  readonly tail: string
}

/** A line of more than `maxBytes` is dropped whole, and its ends are told to `onTooLong`. */
export function createLines(maxBytes: number, onTooLong: (ends: LineEnds) => void): Lines {
  let parts: Buffer[] = []
  let length = 0
  let head: string | undefined
  let tail = Buffer.alloc(0)

  function take(part: Buffer): Buffer | undefined {
    length += part.length
    if (length > maxBytes) drop(part)
    const line = parts.length === 0 ? part : Buffer.concat([...parts, part])
    const ends = head === undefined ? undefined : { head, tail: tail.toString('latin1') }
    parts = []
    length = 0
    head = undefined
    tail = Buffer.alloc(0)
    if (ends) {
      onTooLong(ends)
      return undefined
    }
    const end = line[line.length - 1] === RETURN ? line.length - 1 : line.length
    return end === 0 ? undefined : line.subarray(0, end)
  }

  function drop(part: Buffer): void {
    const seen = Buffer.concat([tail, ...parts, part])
    head ??= seen.toString('latin1', 0, END_BYTES)
    tail = Buffer.from(seen.subarray(-END_BYTES))
    parts = []
  }

  return {
    feed(chunk) {
      const lines: Buffer[] = []
      let start = 0
      for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
        const line = take(chunk.subarray(start, end))
        if (line) lines.push(line)
        start = end + 1
      }
      if (start < chunk.length) {
        const rest = chunk.subarray(start)
        length += rest.length
        if (length > maxBytes) drop(rest)
        else parts.push(rest)
      }
      return lines
    },
  }
}
