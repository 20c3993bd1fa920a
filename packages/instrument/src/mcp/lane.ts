import { STREAMING_METHODS } from './methods.js'
import type { Operation } from './operation.js'

interface Open {
  readonly operation: Operation
  readonly since: number
}

/** The requests of one direction that wait for an answer, by the key of their id. */
export class Lane {
  readonly #requests = new Map<string, Open>()
  readonly #streams = new Map<string, Open>()
  readonly #late = new Map<string, number>()
  readonly #progress = new Map<string, Operation>()
  readonly #lateLimit: number

  constructor(lateLimit: number) {
    this.#lateLimit = lateLimit
  }

  get size(): number {
    return this.#requests.size + this.#streams.size
  }
  get lateSize(): number {
    return this.#late.size
  }
  get progressSize(): number {
    return this.#progress.size
  }

  /** When the oldest request that can be given up began, monotonic milliseconds; `undefined` where there is none. */
  get oldestSince(): number | undefined {
    if (this.#requests.size > 0) for (const { since } of this.#requests.values()) return since
    return undefined
  }

  add(key: string, operation: Operation, since: number): void {
    const map = STREAMING_METHODS.has(operation.method) ? this.#streams : this.#requests
    map.set(key, { operation, since })
  }

  has(key: string): boolean {
    return this.#requests.has(key) || this.#streams.has(key)
  }

  /** Joins progress reported for this token to an operation, until it ends. */
  track(token: string, operation: Operation): void {
    this.#progress.set(token, operation)
    operation.onEnd(() => {
      if (this.#progress.get(token) === operation) this.#progress.delete(token)
    })
  }

  progressed(token: string): void {
    const operation = this.#progress.get(token)
    if (operation) operation.progress++
  }

  /** The request was answered: it is no longer open. */
  answered(key: string): Operation | undefined {
    const open = this.#requests.get(key)
    if (open) {
      this.#requests.delete(key)
      return open.operation
    }
    if (this.#streams.size === 0) return undefined
    const stream = this.#streams.get(key)
    this.#streams.delete(key)
    return stream?.operation
  }

  /** The request will not be waited for any more; its answer may still come. */
  abandoned(key: string): Operation | undefined {
    const operation = this.answered(key)
    if (operation) this.#expectLate(key)
    return operation
  }

  /** Takes the oldest request, a stream only where there is nothing else. */
  abandonOldest(): Operation | undefined {
    for (const map of [this.#requests, this.#streams]) for (const key of map.keys()) return this.abandoned(key)
    return undefined
  }

  /** Whether this answer is late: its request ended before it. Each is expected once. */
  takeLate(key: string): boolean {
    const count = this.#late.get(key)
    if (count === undefined) return false
    if (count > 1) this.#late.set(key, count - 1)
    else this.#late.delete(key)
    return true
  }

  #expectLate(key: string): void {
    const count = this.#late.get(key) ?? 0
    this.#late.set(key, count + 1)
    if (this.#late.size <= this.#lateLimit) return
    for (const oldest of this.#late.keys()) {
      this.#late.delete(oldest)
      return
    }
  }
}
