import type { DoorsSetting, HeldLimit, LimitName, RateOptions, ServerDoors } from './options.js'
import { createRates, type Rates } from './rates.js'

/** The limits that hold for a server. */
export type Limits = Readonly<Record<LimitName, Rates | undefined>>

/** What all limits have counted: one book for each that is set for all, and one for each that a server sets for itself. */
export interface Books {
  of(server: string, set: Pick<ServerDoors, 'limits'>): Limits
  /** Opens a book for each limit that is new, closes those of limits that are gone, and keeps what the others hold. */
  change(setting: DoorsSetting): void
  /** Calls that were counted for those for whom there was no room. */
  readonly shared: number
  readonly tracked: number
}

/** Opens the books. `clock`: monotonic milliseconds. */
export function createBooks(clock: () => number): Books {
  const books = new Map<string, Rates>()
  /** Of books that were closed. */
  let sharedBefore = 0

  function keep(key: string, limit: RateOptions, maxTracked: number): void {
    const book = books.get(key)
    if (book) book.change(limit, maxTracked)
    else books.set(key, createRates(limit, maxTracked, clock))
  }

  return {
    of(server, { limits }) {
      const bookOf = (name: LimitName) => {
        const limit = limits[name]
        return limit && books.get(keyOf(server, name, limit))
      }
      return { agent: bookOf('agent'), tool: bookOf('tool'), server: bookOf('server'), address: bookOf('address') }
    },
    change({ options, servers }) {
      const wanted = new Map<string, RateOptions>()
      for (const [name, { calls, windowMs }] of Object.entries(options.limits))
        if (calls !== undefined) wanted.set(keyOf('', name, { isOwn: false }), { calls, windowMs })
      for (const [server, own] of Object.entries(servers))
        for (const [name, limit] of Object.entries(own?.limits ?? {}))
          if (limit) wanted.set(keyOf(server, name, { isOwn: true }), limit)
      for (const [key, limit] of wanted) keep(key, limit, options.maxTracked)
      for (const [key, book] of books) {
        if (wanted.has(key)) continue
        sharedBefore += book.shared
        books.delete(key)
      }
    },
    get shared() {
      return [...books.values()].reduce((sum, { shared }) => sum + shared, sharedBefore)
    },
    get tracked() {
      return [...books.values()].reduce((sum, { tracked }) => sum + tracked, 0)
    },
  }
}

/** No server's name has a slash. */
function keyOf(server: string, name: string, { isOwn }: Pick<HeldLimit, 'isOwn'>): string {
  return isOwn ? `${server}/${name}` : name
}
