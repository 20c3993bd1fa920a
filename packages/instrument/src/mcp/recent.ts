/** How many of each kind: objects of one kind differ a little, by what is set in them. */
const OF_EACH = 4

/** Holds the newest objects of one kind. */
class Newest<T extends object> {
  readonly #objects: T[] = []
  #next = 0

  /** Keeps an object alive until others came in its place. Returns it. */
  hold<U extends T>(object: U): U {
    this.#objects[this.#next] = object
    this.#next = (this.#next + 1) % OF_EACH
    return object
  }
}

/**
 * Holds the newest objects of each kind that calls make. V8 forgets how a kind of object looks when a full collection
 * finds none of it, as happens between two calls, and with it the machine code that knows it: to make that anew, after
 * each such collection, cost more than all the calls between two of them. Each kind has a place of its own: where many
 * calls end together, what they ended with would fill any other.
 */
export class Recent {
  readonly fields = new Newest()
  readonly answers = new Newest()
  readonly operations = new Newest()
  readonly started = new Newest()
  readonly ended = new Newest()
  readonly others = new Newest()
}
