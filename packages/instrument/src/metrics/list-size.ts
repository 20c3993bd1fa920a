/** Most lists of which some pages came and others did not yet. */
const MAX_OPEN = 100

/** Adds the pages of `tools/list` together, for each session by itself: rounds of several clients may mix. */
export class ListSize {
  readonly #open = new Map<string, number>()

  /**
   * Takes one page and returns the size of the whole list when it is the last, else undefined. Of more than 100 lists that
   * wait for a page the oldest is forgotten.
   */
  page(session: string | undefined, sizeBytes: number, complete: boolean): number | undefined {
    const key = session ?? ''
    const total = (this.#open.get(key) ?? 0) + sizeBytes
    this.#open.delete(key)
    if (complete) return total
    if (this.#open.size >= MAX_OPEN) this.#open.delete(this.#open.keys().next().value!)
    this.#open.set(key, total)
    return undefined
  }
}
