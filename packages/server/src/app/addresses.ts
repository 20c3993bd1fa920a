/** Where clients reach the servers behind the gateway. */
export interface Addresses {
  /** Takes the port that is listened on, and returns the base address, e.g. `http://127.0.0.1:9464`. */
  at(port: number): string
  /** `<base>/mcp/<name>`. */
  readonly of: (server: string) => string
  /** The same, for a server behind the gateway; undefined for one that only sends events. */
  readonly ifServed: (server: string) => string | undefined
}

/** The port is known after listening, and faces are built before it: they ask here when they answer. */
export function createAddresses(host: string, servers: Readonly<Record<string, unknown>>): Addresses {
  const name = host.includes(':') ? `[${host}]` : host
  let base = ''
  const of = (server: string) => `${base}/mcp/${encodeURIComponent(server)}`
  return {
    at(port) {
      base = `http://${name}:${port}`
      return base
    },
    of,
    ifServed: (server) => (Object.hasOwn(servers, server) ? of(server) : undefined),
  }
}
