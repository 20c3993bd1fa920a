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
    if (this.#entries.size > this.#limit) this.#endOldest()
  }

  /** The oldest operation under this key, which stays. */
  peek(key: string): Operation | undefined {
    return [...(this.#byKey.get(key) ?? [])][0]?.operation
  }

  /** Takes the oldest operation under this key. */
  take(key: string): Operation | undefined {
    for (const entry of this.#byKey.get(key) ?? []) {
      this.#remove(entry)
      return entry.operation
    }
    return undefined
  }

  /** The operations under this key were heard of. */
  touch(key: string, at: number): void {
    for (const entry of this.#byKey.get(key) ?? []) {
      entry.since = at
      this.#entries.delete(entry)
      this.#entries.add(entry)
    }
  }

  /** Ends as `unanswered` what was not heard of for too long. */
  expire(at: number): void {
    if (this.#entries.size === 0) return
    for (const entry of this.#entries) {
      if (at - entry.since < this.#ageMs) return
      this.#endOldest()
    }
  }

  /** Takes the operations that a conversation owns; all where none is given. */
  drain(owner?: object): Operation[] {
    const drained = [...this.#entries].filter(({ operation }) => owner === undefined || operation.owner === owner)
    for (const entry of drained) this.#remove(entry)
    return drained.map(({ operation }) => operation)
  }

  #endOldest(): void {
    for (const entry of this.#entries) {
      this.#remove(entry)
      entry.operation.end('unanswered')
      return
    }
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
