/** Asks at most once in `freshMs` for all who ask; who comes meanwhile gets the same. `clock`: milliseconds. */
export function createShared<T>(make: () => Promise<T>, freshMs: number, clock: () => number): () => Promise<T> {
  const ask = createKept<T>(freshMs, clock)
  return () => ask(make)
}

/** The newest that was made, while it is fresh; else what is made now. */
function createKept<T>(freshMs: number, clock: () => number): (make: () => Promise<T>) => Promise<T> {
  let newest: { readonly at: number; readonly made: Promise<T> } | undefined
  return (make) => {
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

/** The same by key. What is made is what this caller asks for: the one before may have meant another time. */
export function createSharedBy<T>(
  freshMs: number,
  clock: () => number,
): (key: string, make: () => Promise<T>) => Promise<T> {
  const all = new Map<string, ReturnType<typeof createKept<T>>>()
  return (key, make) => {
    const ask = all.get(key) ?? createKept<T>(freshMs, clock)
    all.delete(key)
    all.set(key, ask)
    if (all.size > MAX_KEYS) all.delete(all.keys().next().value!)
    return ask(make)
  }
}
