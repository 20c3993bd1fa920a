import type { Node } from './trie.js'

/** Deepest nesting that is read. JSON.parse has no limit; a message deeper than this is no message of anybody's. */
export const MAX_DEPTH = 512

/** The arrays and objects around the byte being read, and where the allow-list knows them. */
export class Nesting {
  depth = 0
  // They grow as deep as messages are: mostly ten levels, and a reader is made for each body.
  readonly #isArray: boolean[] = []
  readonly #nodes: (Node | undefined)[] = []

  /** Goes into an array or object; false where that is too deep. */
  push(isArray: boolean, node: Node | undefined): boolean {
    if (this.depth === MAX_DEPTH) return false
    this.#isArray[this.depth] = isArray
    this.#nodes[this.depth] = node
    this.depth++
    return true
  }

  /** Comes out of an array or object; false where it is not the innermost. */
  pop(isArray: boolean): boolean {
    if (this.inArray !== isArray) return false
    this.depth--
    return true
  }

  get inArray(): boolean {
    return this.depth > 0 && this.#isArray[this.depth - 1]!
  }

  /** The innermost array or object, where the allow-list knows it. */
  get node(): Node | undefined {
    return this.depth > 0 ? this.#nodes[this.depth - 1] : undefined
  }
}
