/** Label of a tool that nobody but a caller has named. */
export const UNKNOWN_TOOL = 'unknown'

/** What one server's tools are, as far as its own answers tell: callers add nothing. */
export interface Tools {
  /** Known tools, in the order in which they became known. */
  names(): Iterable<string>
  has(tool: string): boolean
  /** Makes a tool known, for its server said that it exists. False when it was known or the bound is reached. */
  learn(tool: string): boolean
  /** Whether the bound keeps this server's further tools out. */
  full(): boolean
  /**
   * Takes one page of a `tools/list` answer and returns the tools that it ends. A complete list ends what it lacks at
   * once; where lists come in pages, two whole rounds must lack a tool, since rounds of several clients may mix.
   */
  page(tools: readonly string[], complete: boolean): readonly string[]
}

/** Knows no tool yet, and never more than `limit`. */
export function createTools(limit: number): Tools {
  const known = new Set<string>()
  let round = new Set<string>()
  let roundBefore = new Set<string>()
  let paged = false

  return {
    names: () => known,
    has: (tool) => known.has(tool),
    full: () => known.size >= limit,
    learn(tool) {
      if (known.has(tool) || known.size >= limit) return false
      known.add(tool)
      return true
    },
    page(tools, complete) {
      // A round holds no more than could be known, whatever a server lists.
      for (const tool of tools) if (known.has(tool) || round.size < limit) round.add(tool)
      if (!complete) {
        paged = true
        return []
      }
      const gone = [...known].filter((tool) => !round.has(tool) && !(paged && roundBefore.has(tool)))
      for (const tool of gone) known.delete(tool)
      roundBefore = round
      round = new Set()
      return gone
    },
  }
}
