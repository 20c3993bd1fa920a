export type Call = (this: unknown, ...args: unknown[]) => unknown

/** A function that takes a property's place. */
export function method(value: Call): PropertyDescriptor {
  return { value, writable: true, configurable: true, enumerable: false }
}

/** A property in the place of an object's own or inherited one. */
export class Override {
  readonly #target: object
  readonly #key: string
  readonly #replacement: PropertyDescriptor
  /** The property that the object had itself. */
  readonly own: PropertyDescriptor | undefined

  /**
   * `replacement`: may be one for many objects: a copy for each would cost more than all else here. `enumerable`: where the
   * object had none itself. Throws TypeError where it takes no change.
   */
  constructor(target: object, key: string, replacement: PropertyDescriptor, enumerable = false) {
    this.#target = target
    this.#key = key
    this.#replacement = replacement
    this.own = Object.getOwnPropertyDescriptor(target, key)
    replacement.enumerable = this.own?.enumerable ?? enumerable
    Object.defineProperty(target, key, replacement)
  }

  /** Takes the property away, if it is still there; says whether it was. */
  undo(): boolean {
    const now = Object.getOwnPropertyDescriptor(this.#target, this.#key)
    const { value, get } = this.#replacement
    if (now?.value !== value || now?.get !== get) return false
    if (this.own) Object.defineProperty(this.#target, this.#key, this.own)
    else Reflect.deleteProperty(this.#target, this.#key)
    return true
  }
}
