/** Label of a tool that nobody but a caller has named. */
export const UNKNOWN_TOOL = 'unknown'

/** What one server's tools are, as far as its own answers tell: callers add nothing. */
export class Tools {
  readonly #limit: number
  readonly #known = new Set<string>()
  /** Tools named since the last complete list, and in the round before it. */
  #round = new Set<string>()
  #roundBefore = new Set<string>()
  #paged = false

  /** Knows no tool yet, and never more than `limit`. */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Known tools, in the order in which they became known. */
  names(): Iterable<string> {
    return this.#known
  }

  has(tool: string): boolean {
    return this.#known.has(tool)
  }

  /** Makes a tool known, for its server said that it exists. False when it was known or the bound is reached. */
  learn(tool: string): boolean {
    if (this.#known.has(tool) || this.#known.size >= this.#limit) return false
    this.#known.add(tool)
    return true
  }

  /**
   * Takes one page of a `tools/list` answer and returns the tools that it ends. A complete list ends what it lacks at
   * once; where lists come in pages, two whole rounds must lack a tool, since rounds of several clients may mix.
   */
  page(tools: readonly string[], complete: boolean): readonly string[] {
    // A round holds no more than could be known, whatever a server lists.
    for (const tool of tools) if (this.#known.has(tool) || this.#round.size < this.#limit) this.#round.add(tool)
    if (!complete) {
      this.#paged = true
      return []
    }
    const gone = [...this.#known].filter((tool) => !this.#round.has(tool) && !this.#stillHeld(tool))
    for (const tool of gone) this.#known.delete(tool)
    this.#roundBefore = this.#round
    this.#round = new Set()
    return gone
  }

  #stillHeld(tool: string): boolean {
    return this.#paged && this.#roundBefore.has(tool)
  }
}
