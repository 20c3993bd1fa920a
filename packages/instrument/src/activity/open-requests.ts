const NONE: readonly string[] = []

/**
 * Open requests and what is known of each, by key. Most of the time there is one, and one that is alone is held without
 * a map: a map that goes from empty to one and back for every call is made anew every few calls.
 */
export class OpenRequests<T> {
  #key: string | undefined
  #value: T | undefined
  #others: Map<string, T> | undefined

  has(key: string): boolean {
    return this.#key === key || this.#others?.has(key) === true
  }

  set(key: string, value: T): void {
    if (this.#key === key || (this.#key === undefined && !this.#others?.has(key))) {
      this.#key = key
      this.#value = value
    } else {
      this.#others ??= new Map()
      this.#others.set(key, value)
    }
  }

  /** What was known of a request that is no longer open. */
  take(key: string): T | undefined {
    if (this.#key === key) {
      const value = this.#value
      this.#key = this.#value = undefined
      return value
    }
    const value = this.#others?.get(key)
    if (value !== undefined) this.#others?.delete(key)
    return value
  }

  keys(): readonly string[] {
    if (this.#key === undefined && !this.#others?.size) return NONE
    const others = [...(this.#others?.keys() ?? [])]
    return this.#key === undefined ? others : [this.#key, ...others]
  }

  *entries(): Iterable<readonly [string, T]> {
    if (this.#key !== undefined) yield [this.#key, this.#value as T]
    if (this.#others) yield* this.#others
  }
}
