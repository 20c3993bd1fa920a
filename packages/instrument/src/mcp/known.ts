/** The names that a server's complete lists hold, by the method that calls them. */
export class KnownNames {
  readonly #limit: number
  readonly complete = new Map<string, ReadonlySet<string>>()

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Whether a complete list is known, and this name is not in it. */
  lacks(method: string, name: string | undefined): boolean {
    const names = this.complete.get(method)
    return names !== undefined && name !== undefined && !names.has(name)
  }

  /** The list may have changed. */
  forget(method: string): void {
    this.complete.delete(method)
  }

  /** Joins the pages of one client's listing, and learns the list when its last page came. */
  listing(method: string): Listing {
    let pages: Set<string> | undefined
    return (names, { first, last, cut }) => {
      if (first) pages = new Set()
      for (const name of names) pages?.add(name)
      if (cut || (pages?.size ?? 0) > this.#limit) pages = undefined
      if (!last) return
      if (pages) this.complete.set(method, pages)
      pages = undefined
    }
  }
}

/** Told of each page. `cut`: the page had more names than were read. */
export type Listing = (
  names: readonly string[],
  at: { readonly first: boolean; readonly last: boolean; readonly cut: boolean },
) => void
