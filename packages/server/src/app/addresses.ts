import type { ServedEntry } from '../sources/http-proxy/index.js'

/** Where clients reach the servers behind the gateway, and how. */
export interface Addresses {
  /** Takes where is listened, from now on, and returns the base address, e.g. `http://127.0.0.1:9464`. */
  at(place: { readonly host: string; readonly port: number }): string
  /** `<base>/mcp/<name>`. */
  readonly of: (server: string) => string
  /** The same, for a server behind the gateway; undefined for one that only sends events. */
  readonly ifServed: (server: string) => string | undefined
  /** What our own clients speak there. */
  readonly transportOf: (server: string) => 'http' | 'sse'
  /** What our own clients show there: the key of this process, where the server has a door. */
  readonly headersOf: (server: string) => Readonly<Record<string, string>>
}

/** Where is listened is known after listening, and faces are built before it: they ask here when they answer. */
export function createAddresses(
  entryOf: (server: string) => ServedEntry | undefined,
  headersOf: Addresses['headersOf'],
): Addresses {
  let base = ''
  const of = (server: string) => `${base}/mcp/${encodeURIComponent(server)}`
  return {
    at(place) {
      base = baseOf(place)
      return base
    },
    of,
    headersOf,
    ifServed: (server) => (entryOf(server) ? of(server) : undefined),
    transportOf(server) {
      const entry = entryOf(server)
      return entry && 'url' in entry ? entry.transport : 'http'
    },
  }
}

/** The base address of what listens at a place, for this machine: what listens everywhere is reached here as well. */
export function baseOf({ host, port }: Parameters<Addresses['at']>[0]): string {
  const reached = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return `http://${reached.includes(':') ? `[${reached}]` : reached}:${port}`
}
