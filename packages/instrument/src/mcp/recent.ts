/** Room for what a handful of calls makes, so that every kind which comes often is among it. */
const SIZE = 32

/**
 * Holds the newest objects of those that calls make. V8 forgets how a kind of object looks when a full collection finds
 * none of it, as happens between two calls, and with it the machine code that knows it: to make that anew, after each
 * such collection, cost more than all the calls between two of them.
 */
export class Recent {
  readonly #objects: object[] = []
  #next = 0

  /** Keeps an object alive until as many others came as there is room for. Returns it. */
  hold<T extends object>(object: T): T {
    this.#objects[this.#next] = object
    this.#next = (this.#next + 1) % SIZE
    return object
  }
}
