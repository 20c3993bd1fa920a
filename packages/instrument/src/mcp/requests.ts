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

  get size(): number {
    return (this.#first ? 1 : 0) + (this.#others?.size ?? 0)
  }

  get oldest(): Operation | undefined {
    if (this.#first) return this.#first
    if (this.#others) for (const operation of this.#others.values()) return operation
    return undefined
  }

  has(key: TokenKey): boolean {
    return this.#first?.key === key || this.#others?.has(key) === true
  }

  /** All of them, the oldest first. */
  all(): readonly Operation[] {
    return [...(this.#first ? [this.#first] : []), ...(this.#others?.values() ?? [])]
  }

  /** Adds an operation under its key, which none here has. */
  add(operation: Operation): void {
    if (!this.#first && !this.#others?.size) this.#first = operation
    else {
      this.#others ??= new Map()
      this.#others.set(operation.key, operation)
    }
  }

  take(key: TokenKey): Operation | undefined {
    const first = this.#first
    if (first?.key === key) {
      this.#first = undefined
      return first
    }
    const operation = this.#others?.get(key)
    if (operation) this.#others?.delete(key)
    return operation
  }
}
