const NEWLINE = 0x0a

export interface Line {
  readonly bytes: Uint8Array
}

/**
 * Cuts bytes into lines, without their newlines. A last line needs none. A line of more than `maxBytes` comes in pieces
 * of that size, so that what has no newline fills no memory.
 */
export async function* readLines(chunks: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Line> {
  let rest: Uint8Array = new Uint8Array()
  for await (const chunk of chunks) {
    let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    for (;;) {
      const end = bytes.indexOf(NEWLINE)
      if (end === -1 && bytes.length <= maxBytes) break
      const length = end === -1 || end > maxBytes ? maxBytes : end
      yield { bytes: bytes.subarray(0, length) }
      bytes = bytes.subarray(length === end ? length + 1 : length)
    }
    rest = bytes
  }
  if (rest.length > 0) yield { bytes: rest }
}
