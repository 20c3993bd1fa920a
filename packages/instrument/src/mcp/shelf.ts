import type { Operation } from './operation.js'

interface Entry {
  readonly operation: Operation
  readonly keys: readonly string[]
  since: number
}

/** Operations that no open request stands for, found again by a key. Bounded in number and age. */
export class Shelf {
  readonly #limit: number
  readonly #ageMs: number
  /** In the order in which they were last heard of. */
  readonly #entries = new Set<Entry>()
  readonly #byKey = new Map<string, Set<Entry>>()

  constructor(limit: number, ageMs: number) {
    this.#limit = limit
    this.#ageMs = ageMs
  }

  get size(): number {
    return this.#entries.size
  }

  /** Puts an operation under each of these keys. Beyond the limit the oldest ends `unanswered`. */
  put(operation: Operation, keys: readonly string[], at: number): void {
    const entry = { operation, keys, since: at }
    this.#entries.add(entry)
    for (const key of keys) {
      const entries = this.#byKey.get(key)
      if (entries) entries.add(entry)
      else this.#byKey.set(key, new Set([entry]))
    }
    this.expire(at)
  }

  /** The oldest operation under this key, which stays. */
  peek(key: string): Operation | undefined {
    const [entry] = this.#byKey.get(key) ?? []
    return entry?.operation
  }

  /** Takes the oldest operation under this key. */
  take(key: string): Operation | undefined {
    const [entry] = this.#byKey.get(key) ?? []
    if (entry) this.#remove(entry)
    return entry?.operation
  }

  /** Takes all operations under this key, the oldest first. */
  takeAll(key: string): readonly Operation[] {
    return this.#removed([...(this.#byKey.get(key) ?? [])])
  }

  /** The operations under this key were heard of. */
  touch(key: string, at: number): void {
    for (const entry of this.#byKey.get(key) ?? []) {
      entry.since = at
      this.#entries.delete(entry)
      this.#entries.add(entry)
    }
  }

  /** Ends as `unanswered` what was not heard of for too long, and the oldest beyond the limit. */
  expire(at: number): void {
    for (const entry of this.#entries) {
      if (this.#entries.size <= this.#limit && at - entry.since < this.#ageMs) return
      this.#remove(entry)
      entry.operation.end('unanswered')
    }
  }

  /** Takes the operations that a conversation owns; all where none is given. */
  drain(owner?: object): readonly Operation[] {
    return this.#removed([...this.#entries].filter(({ operation }) => !owner || operation.owner === owner))
  }

  #removed(entries: readonly Entry[]): readonly Operation[] {
    return entries.map((entry) => {
      this.#remove(entry)
      return entry.operation
    })
  }

  #remove(entry: Entry): void {
    this.#entries.delete(entry)
    for (const key of entry.keys) {
      const entries = this.#byKey.get(key)
      entries?.delete(entry)
      if (entries?.size === 0) this.#byKey.delete(key)
    }
  }
}
