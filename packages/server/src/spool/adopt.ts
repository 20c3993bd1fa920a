import { type FSWatcher, readdirSync, watch } from 'node:fs'
import { unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Sender } from '@mcp-vitals/instrument/ship'
import { makeFolder } from '../folders/index.js'
import { streamOf } from './format.js'
import { isAlive, type Owner } from './owner.js'
import { readHeader, readSegment, type SpooledEvent } from './read.js'

const BATCH_EVENTS = 500
/** Poll where nothing announces a change; also the longest wait for a living owner to end. Milliseconds. */
const SLOW_POLL_MS = 10_000
const FAST_POLL_MS = 250

export interface AdoptOptions {
  /** `spoolDir` of the state directory; made (mode 0700) when missing, so that it can be watched. */
  readonly dir: string
  /**
   * Takes one batch of a stream as the ingest does, by the stream's mark. Resolves when the batch is kept for good;
   * rejects when it is not: the file stays and is tried again.
   */
  readonly deliver: (batch: AdoptedBatch) => Promise<unknown>
  /** Whether a file's writer runs still. Default: asks the system. */
  readonly isAlive?: (owner: Owner) => boolean
  /** Told of what could not be delivered or deleted. Must not throw. */
  readonly onFault?: (error: unknown) => void
}

export interface AdoptedBatch {
  readonly stream: string
  readonly sender: Sender
  /** Events of this stream dropped by its spool, in all. */
  readonly dropped: number
  /** Rising numbers; the events are not checked yet. */
  readonly events: readonly SpooledEvent[]
}

export interface Adoption {
  /** Resolves when what dead processes left before the call was tried once. */
  start(): Promise<void>
  /** Ends after the batch in hand. Idempotent. */
  stop(): Promise<void>
  /** Files taken over and deleted. */
  stats(): { readonly adopted: number }
}

/** Takes over the spools of processes that are gone, as they appear and as their owners end. */
export function adoptSpools(options: AdoptOptions): Adoption {
  return new SpoolAdoption(options)
}

class SpoolAdoption implements Adoption {
  readonly #options: AdoptOptions
  #watcher: FSWatcher | undefined
  #timer: NodeJS.Timeout | undefined
  #pollMs = FAST_POLL_MS
  #pass: Promise<void> | undefined
  #again = false
  #stopped = false
  #adopted = 0

  constructor(options: AdoptOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    const { dir, onFault = () => {} } = this.#options
    try {
      makeFolder(dir, 0o700)
      this.#watcher = watch(dir, () => this.#changed())
      this.#watcher.on('error', onFault)
    } catch (error) {
      onFault(error)
    }
    await this.#look()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    this.#watcher?.close()
    await this.#pass
  }

  stats(): { readonly adopted: number } {
    return { adopted: this.#adopted }
  }

  /** A file came, grew or went. Its owner lives mostly still: look again soon, then ever later. */
  #changed(): void {
    this.#pollMs = FAST_POLL_MS
    this.#again = true
    if (!this.#pass) this.#schedule()
  }

  #schedule(): void {
    clearTimeout(this.#timer)
    if (this.#stopped) return
    this.#timer = setTimeout(() => void this.#look(), this.#pollMs)
    this.#timer.unref()
    this.#pollMs = Math.min(SLOW_POLL_MS, this.#pollMs * 2)
  }

  #look(): Promise<void> {
    this.#again = false
    this.#pass ??= this.#adoptAll()
      .catch((error) => this.#options.onFault?.(error))
      .finally(() => {
        this.#pass = undefined
        if (this.#again) this.#pollMs = FAST_POLL_MS
        this.#schedule()
      })
    return this.#pass
  }

  async #adoptAll(): Promise<void> {
    const failed = new Set<string>()
    for (const name of readdirSync(this.#options.dir).sort()) {
      const stream = streamOf(name)
      if (this.#stopped) return
      // The segments of a stream go in order: after one that failed the later ones wait.
      if (stream === undefined || failed.has(stream)) continue
      try {
        if (!(await this.#adopt(join(this.#options.dir, name)))) failed.add(stream)
      } catch (error) {
        failed.add(stream)
        this.#options.onFault?.(error)
      }
    }
  }

  /** True when the file is done with. */
  async #adopt(path: string): Promise<boolean> {
    const header = readHeader(path)
    // No header: it is being written now, or by a version that is not ours to judge.
    if (!header || (this.#options.isAlive ?? isAlive)(header.owner)) return false
    const { stream, sender, dropped } = header
    for await (const events of readSegment(path, BATCH_EVENTS)) {
      if (this.#stopped) return false
      await this.#options.deliver({ stream, sender, dropped, events })
    }
    await unlink(path)
    this.#adopted++
    return true
  }
}
