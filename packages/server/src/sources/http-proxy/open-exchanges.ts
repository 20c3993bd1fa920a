import type { Exchange } from './exchange.js'

/** One exchange that is open, and who answers it. */
export interface OpenExchange<O> {
  readonly exchange: Exchange
  readonly owner: O
  /** Where it stands. */
  place: number
}

/**
 * The exchanges that are open, in no order. An array and no `Map`: one that every call enters and leaves is copied all the
 * time, and a copy that grew old keeps all it held, and the next copy, from the collector's quick runs. It cost half of them.
 */
export class OpenExchanges<O> implements Iterable<OpenExchange<O>> {
  readonly #open: OpenExchange<O>[] = []

  get size(): number {
    return this.#open.length
  }

  add(exchange: Exchange, owner: O): OpenExchange<O> {
    const entry = { exchange, owner, place: this.#open.length }
    this.#open.push(entry)
    return entry
  }

  /** Once for each that was added. */
  remove(entry: OpenExchange<O>): void {
    const last = this.#open.pop()!
    if (last === entry) return
    this.#open[entry.place] = last
    last.place = entry.place
  }

  [Symbol.iterator](): Iterator<OpenExchange<O>> {
    return this.#open.values()
  }
}
