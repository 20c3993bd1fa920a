import type { LookOptions, Silence } from './look.js'

/** Servers looked at side by side: each may start a process of its own. */
const SIDE_BY_SIDE = 4

/** What the first look found: the number of tools, or why there is none. */
export type Look = { readonly server: string } & ({ readonly tools: number } | Silence)

export interface FirstLookOptions extends LookOptions {
  /** Not told of a look that was left. */
  readonly onLook: (look: Look) => void
}

/** The first looks at the servers of a daemon. */
export interface FirstLooks {
  /** Looks at each of these, some side by side; what is under way at one of them is left for it. */
  begin(servers: readonly string[]): void
  /** Ends what is under way at these at once, whatever they do: they are gone, or others. */
  leave(servers: readonly string[]): void
  /** Leaves all. Resolves when nothing is under way; never rejects. */
  stop(): Promise<void>
}

/**
 * Opens a session to a server through our own front door, like every client, lists its tools and ends it. So there is
 * something to see before the first client comes, and a server that cannot start is known at once.
 */
export function createFirstLooks(options: FirstLookOptions): FirstLooks {
  const newest = new Map<string, AbortController>()
  const running = new Set<Promise<unknown>>()

  function leave(servers: readonly string[]): void {
    for (const server of servers) newest.get(server)?.abort()
  }

  async function work(waiting: (readonly [string, AbortSignal])[]): Promise<void> {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [server, signal] = next
      // Loaded with the first server to look at: the daemon listens before the official client is there.
      const { look } = await import('./look.js')
      if (signal.aborted) continue
      const found = await look(server, signal, options)
      if (!signal.aborted) options.onLook({ server, ...found })
    }
  }

  return {
    begin(servers) {
      leave(servers)
      const waiting = servers.map((server) => {
        const stop = new AbortController()
        newest.set(server, stop)
        return [server, stop.signal] as const
      })
      const looks = Promise.all(Array.from({ length: SIDE_BY_SIDE }, () => work(waiting))).finally(() =>
        running.delete(looks),
      )
      running.add(looks)
    },
    leave,
    async stop() {
      leave([...newest.keys()])
      await Promise.all(running)
    },
  }
}
