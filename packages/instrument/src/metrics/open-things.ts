/**
 * How many things of a kind are open, by their ids where they have any. Things without id are counted: an end without
 * a beginning is nothing, so the number never falls below 0.
 */
export class OpenThings {
  readonly #limit: number
  readonly #onUntracked: () => void
  readonly #ids = new Set<string>()
  #nameless = 0
  #touched = false

  /** At most `limit` are counted; `onUntracked` hears of each further one. */
  constructor(limit: number, onUntracked: () => void) {
    this.#limit = limit
    this.#onUntracked = onUntracked
  }

  get size(): number {
    return this.#ids.size + this.#nameless
  }

  /** Whether anything was ever opened or closed. */
  get touched(): boolean {
    return this.#touched
  }

  open(id: string | undefined): void {
    this.#touched = true
    if (id !== undefined && this.#ids.has(id)) return
    if (this.size >= this.#limit) this.#onUntracked()
    else if (id === undefined) this.#nameless++
    else this.#ids.add(id)
  }

  close(id: string | undefined): void {
    this.#touched = true
    if (id !== undefined) this.#ids.delete(id)
    else if (this.#nameless > 0) this.#nameless--
  }
}
