import type { Change, HistoryEntry, Records, Step, Table } from './contract.js'

/** Everything that lasts, in memory, with what of it changed since `take`. */
export class Book {
  readonly #tables: { readonly [T in Table]: Map<string, Records[T]> } = {
    alert: new Map(),
    group: new Map(),
    silence: new Map(),
    channel: new Map(),
    message: new Map(),
  }
  #changed = new Map<string, Change>()
  #history: HistoryEntry[] = []

  get<T extends Table>(table: T, key: string): Records[T] | undefined {
    return this.#tables[table].get(key)
  }

  all<T extends Table>(table: T): IterableIterator<Records[T]> {
    return this.#tables[table].values()
  }

  size(table: Table): number {
    return this.#tables[table].size
  }

  /** `volatile`: nobody needs it after a restart, so it waits for the next change that lasts. */
  put<T extends Table>(table: T, key: string, record: Records[T], volatile = false): void {
    this.#tables[table].set(key, record)
    if (!volatile) this.#note({ table, key, record } as Change)
  }

  remove(table: Table, key: string): void {
    if (this.#tables[table].delete(key)) this.#note({ table, key, record: undefined } as Change)
  }

  happened(entry: HistoryEntry): void {
    this.#history.push(entry)
  }

  /** What came together since the last call. */
  take(): Step {
    const step = { changes: [...this.#changed.values()], history: this.#history }
    this.#changed = new Map()
    this.#history = []
    return step
  }

  #note(change: Change): void {
    this.#changed.set(`${change.table} ${change.key}`, change)
  }
}
