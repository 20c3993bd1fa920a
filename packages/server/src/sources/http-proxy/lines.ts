const NEWLINE = 0x0a
const RETURN = 0x0d

/** Cuts a byte stream into lines. */
export interface Lines {
  /** The lines that this chunk completes, without their ends. Empty ones are left out. */
  feed(chunk: Buffer): readonly Buffer[]
}

/** A line of more than `maxBytes` is dropped whole, and told to `onTooLong`. */
export function createLines(maxBytes: number, onTooLong: () => void): Lines {
  let parts: Buffer[] = []
  let length = 0

  function take(part: Buffer): Buffer | undefined {
    const tooLong = length + part.length > maxBytes
    const line = parts.length === 0 ? part : Buffer.concat([...parts, part])
    parts = []
    length = 0
    if (tooLong) {
      onTooLong()
      return undefined
    }
    const end = line[line.length - 1] === RETURN ? line.length - 1 : line.length
    return end === 0 ? undefined : line.subarray(0, end)
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
        if (length <= maxBytes) parts.push(rest)
        else parts = []
      }
      return lines
    },
  }
}
