import type { Operation } from './operation.js'
import type { TokenKey } from './paths.js'

/**
 * Open requests by the key of their id, in the order in which they came. Most of the time there is one, and one that is
 * alone is held without a map: a map that goes from empty to one and back for every call is made anew every few calls.
 */
export class Requests {
  /** Older than all others. */
  #first: Operation | undefined
  #others: Map<TokenKey, Operation> | undefined
  /** The ends of the row of the others. A map goes over all that it held once until it finds its oldest. */
  #oldest: Operation | undefined
  #newest: Operation | undefined

  get size(): number {
    return (this.#first ? 1 : 0) + (this.#others?.size ?? 0)
  }

  get oldest(): Operation | undefined {
    return this.#first ?? this.#oldest
  }

  has(key: TokenKey): boolean {
    return this.#first?.key === key || this.#others?.has(key) === true
  }

  /** Adds an operation under its key, which none here has. */
  add(operation: Operation): void {
    if (!this.oldest) {
      this.#first = operation
      return
    }
    this.#others ??= new Map()
    this.#others.set(operation.key, operation)
    operation.older = this.#newest
    if (this.#newest) this.#newest.newer = operation
    else this.#oldest = operation
    this.#newest = operation
  }

  take(key: TokenKey): Operation | undefined {
    const first = this.#first
    if (first?.key === key) {
      this.#first = undefined
      return first
    }
    const operation = this.#others?.get(key)
    if (!operation) return undefined
    this.#others!.delete(key)
    const { older, newer } = operation
    if (older) older.newer = newer
    else this.#oldest = newer
    if (newer) newer.older = older
    else this.#newest = older
    operation.older = operation.newer = undefined
    return operation
  }
}
