import { closeSync, ftruncateSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs'
import type { BatchLimits, Line } from '@mcp-vitals/instrument/ship'

const NEWLINE = 10
const FIRST_READ_BYTES = 256 * 1024
const LINE = /^\{"seq":(\d+),"event":(.*)\}$/s

/** One file of a spool, while its process lives: written at the end, read from the start. Its calls throw on I/O errors. */
export class Segment {
  readonly #path: string
  readonly #fd: number
  #sizeBytes = 0
  /** Where the oldest line that waits begins. */
  #offset = 0
  #waiting = 0
  #torn = false
  #closed = false

  /** Creates the file, mode 0600, with its header line. */
  constructor(path: string, header: string) {
    this.#path = path
    this.#fd = openSync(path, 'wx+', 0o600)
    if (!this.#write(Buffer.from(header))) {
      this.remove()
      throw new Error('the header could not be written')
    }
    this.#offset = this.#sizeBytes
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  get waiting(): number {
    return this.#waiting
  }

  /** True when a write failed half way and could not be taken back: nothing more may follow in this file. */
  get torn(): boolean {
    return this.#torn
  }

  /** Adds `count` lines, or none: then `false`. */
  append(text: string, count: number): boolean {
    if (!this.#write(Buffer.from(text))) return false
    this.#waiting += count
    return true
  }

  read(limits: BatchLimits): readonly Line[] {
    const lines: Line[] = []
    let length = 0
    this.#walk((line) => {
      length += line.json.length
      if (lines.length > 0 && (lines.length >= limits.maxEvents || length > limits.maxLength)) return false
      lines.push(line)
      return true
    })
    return lines
  }

  /** Forgets the lines up to `seq`. True when none is left. */
  ack(seq: number): boolean {
    this.#walk((line, end) => {
      if (line.seq > seq) return false
      this.#offset = end
      this.#waiting--
      return true
    })
    return this.#waiting === 0
  }

  /** Leaves the file as it is for another process, or deletes it when nothing waits. */
  close(): void {
    if (this.#waiting === 0) this.remove()
    else this.#release()
  }

  remove(): void {
    this.#release()
    try {
      unlinkSync(this.#path)
    } catch {
      // Gone already, or not ours to delete: the marks keep it from being taken twice.
    }
  }

  #release(): void {
    if (this.#closed) return
    this.#closed = true
    closeSync(this.#fd)
  }

  #write(bytes: Buffer): boolean {
    let done = 0
    try {
      while (done < bytes.length) done += writeSync(this.#fd, bytes, done, bytes.length - done, this.#sizeBytes + done)
      this.#sizeBytes += bytes.length
      return true
    } catch {
      this.#takeBack()
      return false
    }
  }

  #takeBack(): void {
    try {
      ftruncateSync(this.#fd, this.#sizeBytes)
    } catch {
      this.#torn = true
    }
  }

  /** Visits the lines from the oldest that waits, with the offset behind each, until `visit` says false. */
  #walk(visit: (line: Line, end: number) => boolean): void {
    let offset = this.#offset
    let wantBytes = FIRST_READ_BYTES
    while (offset < this.#sizeBytes) {
      const chunk = Buffer.allocUnsafe(Math.min(wantBytes, this.#sizeBytes - offset))
      const bytes = chunk.subarray(0, readSync(this.#fd, chunk, 0, chunk.length, offset))
      if (bytes.length === 0) throw new Error('the file is shorter than what was written')
      let start = 0
      for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
        const found = LINE.exec(bytes.toString('utf8', start, end))
        if (!found) throw new Error('the file holds what was not written')
        start = end + 1
        if (!visit({ seq: Number(found[1]), json: found[2]! }, offset + start)) return
      }
      // No whole line in the chunk: the line is longer.
      if (start === 0) wantBytes *= 2
      offset += start
    }
  }
}
