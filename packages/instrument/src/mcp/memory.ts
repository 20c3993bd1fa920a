import type { CallReader } from './call-reading.js'
import { KnownNames } from './known.js'
import { MEMORY_LIMITS, type MemoryLimits } from './limits.js'
import type { Operation } from './operation.js'
import { quickHash } from './quick-hash.js'
import { Recent } from './recent.js'
import { Shelf } from './shelf.js'
import type { Outcome } from './status.js'

const NONE: readonly Operation[] = []

/** How much is held for a server. */
export interface MemoryStats {
  /** Operations that wait for input. */
  readonly waiting: number
  /** Tasks being followed. */
  readonly tasks: number
  /** Names of tools and prompts. */
  readonly knownNames: number
}

/** What the conversations of one server share; conversations do the rest. `createServerMemory` makes one for conversations of bytes. */
export class ServerMemory {
  /** Operations that wait for input. */
  readonly waiting: Shelf
  /** Operations that run as tasks. */
  readonly tasks: Shelf
  /** Operations that ended as tasks whose result is still to be read. */
  readonly results: Shelf
  readonly known: KnownNames
  /** What is read off tool calls beyond the allow-list. */
  readonly extraction: CallReader | undefined
  /** Holds the newest of what calls make. */
  readonly recent: Recent
  #prefix: string | undefined
  #operations = 0
  #conversations = 0

  /** `limits` in place of single defaults of `MEMORY_LIMITS`. `recent`: one for several servers, where there are many. */
  constructor(limits: Partial<MemoryLimits> = {}, extraction?: CallReader, recent = new Recent()) {
    const { waitingOperations, waitAgeMs, tasks, taskAgeMs, knownNames } = { ...MEMORY_LIMITS, ...limits }
    this.waiting = new Shelf(waitingOperations, waitAgeMs)
    this.tasks = new Shelf(tasks, taskAgeMs)
    this.results = new Shelf(tasks, taskAgeMs)
    this.extraction = extraction
    this.recent = recent
    this.known = new KnownNames(knownNames)
  }

  /** Ends what is too old, at this monotonic time. Done at every message; call it where messages may stop coming. */
  sweep(at: number): void {
    this.waiting.expire(at)
    this.tasks.expire(at)
    this.results.expire(at)
  }

  /** Takes what waits for input or runs as a task: what a conversation owns; all where none is given. */
  drain(owner?: object): readonly Operation[] {
    if (this.waiting.size + this.tasks.size + this.results.size === 0) return NONE
    return [this.waiting, this.tasks, this.results].flatMap((shelf) => shelf.drain(owner))
  }

  /** Ends every operation that still waits for input or runs as a task. */
  close(outcome: Outcome): void {
    for (const operation of this.drain()) operation.end(outcome)
  }

  stats(): MemoryStats {
    return { waiting: this.waiting.size, tasks: this.tasks.size, knownNames: this.known.size }
  }

  /** A new operation's id: unique among servers and restarts, from the server's name, the time of its first and a count. */
  nextOperation(server: string, now: number): string {
    this.#prefix ??= `${quickHash(server).toString(16)}-${Math.trunc(now).toString(16)}-`
    return this.#prefix + this.#operations++
  }

  nextConversation(): number {
    return this.#conversations++
  }
}
