import { useEffect, useState } from 'preact/hooks'

/** A value that many parts of the page look at. */
export interface Store<T> {
  get(): T
  set(value: T): void
  subscribe(listener: () => void): () => void
}

export function createStore<T>(value: T): Store<T> {
  const listeners = new Set<() => void>()
  return {
    get: () => value,
    set(next) {
      if (Object.is(next, value)) return
      value = next
      for (const listener of [...listeners]) listener()
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** The value as it is now; the component is drawn again when it is another. */
export function useStore<T>(store: Store<T>): T {
  const [value, setValue] = useState(() => store.get())
  useEffect(() => {
    const look = () => setValue(() => store.get())
    look()
    return store.subscribe(look)
  }, [store])
  return value
}

const PREFIX = 'mcp-vitals.'

/** What this browser remembers: how the page looks, and nothing of what it shows. */
export const remembered = {
  get(name: string): string | undefined {
    try {
      return localStorage.getItem(PREFIX + name) ?? undefined
    } catch {
      return undefined
    }
  },
  set(name: string, value: string | undefined): void {
    try {
      if (value === undefined) localStorage.removeItem(PREFIX + name)
      else localStorage.setItem(PREFIX + name, value)
    } catch {
      // A browser that keeps nothing asks again the next time.
    }
  },
}
