/** Asks at most once in `freshMs` for all who ask; who comes meanwhile gets the same. `clock`: milliseconds. */
export function createShared<T>(make: () => Promise<T>, freshMs: number, clock: () => number): () => Promise<T> {
  let newest: { readonly at: number; readonly made: Promise<T> } | undefined
  return () => {
    const at = clock()
    if (newest !== undefined && at - newest.at < freshMs) return newest.made
    const made = make()
    const mine = { at, made }
    newest = mine
    made.catch(() => {
      if (newest === mine) newest = undefined
    })
    return made
  }
}

/** Most answers that are remembered by what was asked. */
const MAX_KEYS = 64

/** The same by key. */
export function createSharedBy<T>(
  freshMs: number,
  clock: () => number,
): (key: string, make: () => Promise<T>) => Promise<T> {
  const all = new Map<string, () => Promise<T>>()
  return (key, make) => {
    const known = all.get(key)
    const ask = known ?? createShared(make, freshMs, clock)
    all.delete(key)
    all.set(key, ask)
    if (all.size > MAX_KEYS) all.delete(all.keys().next().value!)
    return ask()
  }
}
