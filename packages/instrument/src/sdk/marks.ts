/** What is known of objects that are somebody else's, as a `WeakMap` of them would hold it. */
export interface Marks<T> {
  get(object: object): T | undefined
  set(object: object, mark: T | undefined): void
}

/** Gives back what it is given, so that a class that extends it adds its fields to that. */
class Same {
  constructor(object: object) {
    // biome-ignore lint/correctness/noConstructorReturn: it is the one way to give a private field to another's object
    return object
  }
}

/**
 * Marks objects in a private field of theirs: nobody else sees it, it goes with its object, and it costs nothing to
 * collect. Every entry of a `WeakMap` is looked at in each collection, which where a server is made for every request
 * cost more than all that we do there.
 */
export function createMarks<T>(): Marks<T> {
  class Marked extends Same {
    #mark: T | undefined

    static get(object: object): T | undefined {
      return #mark in object ? object.#mark : undefined
    }

    static set(object: object, mark: T | undefined): void {
      const marked = #mark in object ? object : new Marked(object)
      marked.#mark = mark
    }
  }
  return Marked
}
