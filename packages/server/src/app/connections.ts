import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { CATALOGUE, type Registry } from '@mcp-vitals/instrument/metrics'

const CONNECTIONS = CATALOGUE.mcp.active_connections
/** Label of connections that asked no server, or none that there is. */
const OURS = 'mcp-vitals'

/**
 * Exposes how many connections clients hold open, by the server that each asked last; `serverOf` reads a request's
 * server off its address, and what it does not know counts as our own.
 */
export function exposeConnections(
  registry: Registry,
  http: Server,
  serverOf: (url: string) => string | undefined,
): void {
  const open = new Map<Socket, string>()
  const shown = new Set([OURS])
  http.on('connection', (socket) => {
    open.set(socket, OURS)
    socket.once('close', () => open.delete(socket))
  })
  http.on('request', ({ socket, url }) => {
    if (open.has(socket)) open.set(socket, serverOf(url ?? '') ?? OURS)
  })
  registry.onCollect(() => {
    for (const server of open.values()) shown.add(server)
    for (const server of shown) registry.gauge(CONNECTIONS).with(server, 'http').set(0)
    for (const server of open.values()) registry.gauge(CONNECTIONS).with(server, 'http').add(1)
  })
}
