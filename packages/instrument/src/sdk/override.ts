export type Call = (this: unknown, ...args: unknown[]) => unknown

/** A function in the place of an object's own or inherited one. */
export class Override {
  readonly #target: Record<string, unknown>
  readonly #key: string
  readonly #value: Call
  readonly #own: PropertyDescriptor | undefined

  /** Throws TypeError where the object takes no change. */
  constructor(target: object, key: string, value: Call) {
    this.#target = target as Record<string, unknown>
    this.#key = key
    this.#value = value
    this.#own = Object.hasOwn(target, key) ? Object.getOwnPropertyDescriptor(target, key) : undefined
    const enumerable = this.#own?.enumerable ?? false
    Object.defineProperty(target, key, { value, writable: true, configurable: true, enumerable })
  }

  /** Takes the function away, if it is still there. */
  undo(): void {
    if (this.#target[this.#key] !== this.#value) return
    if (this.#own) Object.defineProperty(this.#target, this.#key, this.#own)
    else delete this.#target[this.#key]
  }
}
