import { closeSync, ftruncateSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs'
import { type BatchLimits, firstLines, type Lines, linesUpTo, NO_LINES } from '@mcp-vitals/instrument/ship'

const NEWLINE = 10
const FIRST_READ_BYTES = 256 * 1024

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
  #lastRead: Lines | undefined

  /** Creates the file, mode 0600, with its header line. */
  constructor(path: string, header: string) {
    this.#path = path
    this.#fd = openSync(path, 'wx+', 0o600)
    try {
      this.#write(Buffer.from(header))
    } catch (error) {
      this.remove()
      throw error
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

  /** Adds the lines, or none: then it throws. */
  append({ bytes, count }: Lines): void {
    this.#write(bytes)
    this.#waiting += count
  }

  read(limits: BatchLimits): Lines {
    const lines = this.#front((bytes) => firstLines(bytes, limits))
    this.#lastRead = lines
    return lines ?? NO_LINES
  }

  /** Forgets the lines up to `seq`. True when none is left. */
  ack(seq: number): boolean {
    const read = this.#lastRead
    this.#lastRead = undefined
    // Mostly just what was read is acknowledged.
    if (read && read.count > 0 && read.last === seq) this.#forget(read.count, read.bytes.length)
    while (this.#waiting > 0) {
      const found = this.#front((bytes) => linesUpTo(bytes, seq))
      if (!found || found.count === 0) break
      this.#forget(found.count, found.sizeBytes)
    }
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

  #write(bytes: Uint8Array): void {
    let done = 0
    try {
      while (done < bytes.length) done += writeSync(this.#fd, bytes, done, bytes.length - done, this.#sizeBytes + done)
      this.#sizeBytes += bytes.length
    } catch (error) {
      this.#takeBack()
      throw error
    }
  }

  #takeBack(): void {
    try {
      ftruncateSync(this.#fd, this.#sizeBytes)
    } catch {
      this.#torn = true
    }
  }

  #forget(count: number, sizeBytes: number): void {
    this.#waiting -= count
    this.#offset += sizeBytes
  }

  /** Looks at the bytes that wait, from the oldest: at enough for a whole line. */
  #front<T>(look: (bytes: Uint8Array) => T): T | undefined {
    const left = this.#sizeBytes - this.#offset
    for (let wantBytes = FIRST_READ_BYTES; left > 0; wantBytes *= 2) {
      const chunk = Buffer.allocUnsafe(Math.min(wantBytes, left))
      const got = readSync(this.#fd, chunk, 0, chunk.length, this.#offset)
      if (got < chunk.length) throw new Error('the file is shorter than what was written')
      if (chunk.includes(NEWLINE) || chunk.length === left) return look(chunk)
    }
    return undefined
  }
}
