import type { CallReader } from './call-reading.js'
import { KnownNames } from './known.js'
import type { MemoryLimits } from './limits.js'
import type { Operation } from './operation.js'
import { quickHash } from './quick-hash.js'
import type { Recent } from './recent.js'
import { Shelf } from './shelf.js'

/** What the conversations of one server share; conversations do the rest. */
export class SharedMemory {
  /** Operations that wait for input. */
  readonly waiting: Shelf
  /** Operations that run as tasks. */
  readonly tasks: Shelf
  /** Operations that ended as tasks whose result is still to be read. */
  readonly results: Shelf
  readonly known: KnownNames
  /** Holds the newest of what calls make. */
  readonly recent: Recent
  readonly #readerOf: () => CallReader | undefined
  #prefix: string | undefined
  #operations = 0
  #conversations = 0

  /**
   * `readerOf`: gives what reads values off tool calls beyond the allow-list, asked at each. `recent`: one for several servers,
   * where there are many.
   */
  constructor(
    { waitingOperations, waitAgeMs, tasks, taskAgeMs, knownNames }: MemoryLimits,
    readerOf: () => CallReader | undefined,
    recent: Recent,
  ) {
    this.waiting = new Shelf(waitingOperations, waitAgeMs)
    this.tasks = new Shelf(tasks, taskAgeMs)
    this.results = new Shelf(tasks, taskAgeMs)
    this.#readerOf = readerOf
    this.recent = recent
    this.known = new KnownNames(knownNames)
  }

  /** What reads values off tool calls beyond the allow-list. */
  get extraction(): CallReader | undefined {
    return this.#readerOf()
  }

  /** Ends what is too old, at this monotonic time. Done at every message; call it where messages may stop coming. */
  sweep(at: number): void {
    this.waiting.expire(at)
    this.tasks.expire(at)
    this.results.expire(at)
  }

  /** Takes what waits for input or runs as a task: what a conversation owns; all where none is given. */
  drain(owner?: object): readonly Operation[] {
    if (this.waiting.size + this.tasks.size + this.results.size === 0) return []
    return [this.waiting, this.tasks, this.results].flatMap((shelf) => shelf.drain(owner))
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
