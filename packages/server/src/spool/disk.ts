import { readdirSync, statSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { type BatchLimits, type Lines, NO_LINES, type Sender, type Spool } from '@mcp-vitals/instrument/ship'
import { makeFolder } from '../folders/index.js'
import { encodeHeader, segmentName, streamOf } from './format.js'
import { SPOOL_LIMITS, type SpoolLimits } from './options.js'
import { isAlive, ownOwner } from './owner.js'
import { readOwner } from './read.js'
import { Segment } from './segment.js'

export interface DiskSpoolOptions {
  /** `spoolDir` of the state directory; made (mode 0700) when first needed. */
  readonly dir: string
  /** Letters, digits, `-` and `_`, at most 64. */
  readonly stream: string
  readonly sender: Sender
  readonly limits?: Partial<SpoolLimits>
  /** Told why something could not be written, the first time. Must not throw. */
  readonly onFault?: (error: unknown) => void
}

/**
 * A spool in files of mode 0600: nothing on disk until something waits, nothing left once all was acknowledged. A stream
 * is a row of segments, so that what was acknowledged or dropped goes by deleting a file, and nothing is ever rewritten.
 */
export function createDiskSpool(options: DiskSpoolOptions): Spool {
  return new DiskSpool(options)
}

class DiskSpool implements Spool {
  readonly #options: DiskSpoolOptions
  readonly #limits: SpoolLimits
  #segments: Segment[] = []
  #made = 0
  #dropped = 0
  #closed = false
  #failed = false

  constructor(options: DiskSpoolOptions) {
    this.#options = options
    this.#limits = { ...SPOOL_LIMITS, ...options.limits }
  }

  get waiting(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.waiting, 0)
  }

  get dropped(): number {
    return this.#dropped
  }

  append(lines: Lines): boolean {
    if (this.#closed) return false
    if (lines.count === 0) return true
    try {
      this.#writable().append(lines)
      return true
    } catch (error) {
      if (!this.#failed) this.#options.onFault?.(error)
      this.#failed = true
      return false
    }
  }

  read(limits: BatchLimits): Lines {
    while (this.#segments[0]) {
      const lines = this.#try(this.#segments[0], (segment) => segment.read(limits))
      if (lines && lines.count > 0) return lines
      this.#removeFirst()
    }
    return NO_LINES
  }

  ack(seq: number): void {
    while (this.#segments[0]) {
      const empty = this.#try(this.#segments[0], (segment) => segment.ack(seq))
      if (empty === false) return
      this.#removeFirst()
    }
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const segment of this.#segments) segment.close()
  }

  /** The segment to write to, with room made for it. */
  #writable(): Segment {
    const last = this.#segments.at(-1)
    if (last && !last.torn && last.sizeBytes < this.#limits.segmentBytes) return last
    const { dir, stream, sender } = this.#options
    if (!last) {
      makeFolder(dir, 0o700)
      makeRoom(dir, this.#limits.directoryBytes)
    }
    while (this.#segments.length > 1 && this.#sizeBytes() + this.#limits.segmentBytes > this.#limits.streamBytes)
      this.#removeFirst()
    const header = encodeHeader({ stream, sender, owner: ownOwner(), dropped: this.#dropped })
    const segment = new Segment(join(dir, segmentName(stream, this.#made++)), header)
    this.#segments.push(segment)
    return segment
  }

  #sizeBytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.sizeBytes, 0)
  }

  /** Deletes the oldest segment; what waited in it is dropped. */
  #removeFirst(): void {
    const first = this.#segments.shift()
    if (!first) return
    this.#dropped += first.waiting
    first.remove()
  }

  #try<T>(segment: Segment, action: (segment: Segment) => T): T | undefined {
    try {
      return action(segment)
    } catch {
      return undefined
    }
  }
}

/** Deletes the oldest files of processes that are gone until `limitBytes` are kept: no daemon may ever have come for them. */
function makeRoom(dir: string, limitBytes: number): void {
  const files = readdirSync(dir)
    .filter((name) => streamOf(name) !== undefined)
    .map((name) => join(dir, name))
    .map((path) => ({ path, stat: statSync(path, { throwIfNoEntry: false }) }))
    .sort((a, b) => (a.stat?.mtimeMs ?? 0) - (b.stat?.mtimeMs ?? 0))
  let total = files.reduce((sum, { stat }) => sum + (stat?.size ?? 0), 0)
  for (const { path, stat } of files) {
    if (total <= limitBytes) return
    const owner = readOwner(path)
    if (!stat || (owner && isAlive(owner))) continue
    unlinkSync(path)
    total -= stat.size
  }
}
