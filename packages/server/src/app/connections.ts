import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { CATALOGUE, type Registry } from '@mcp-vitals/instrument/metrics'
import { serverIn } from './http.js'

const CONNECTIONS = CATALOGUE.mcp.active_connections
/** Label of connections that asked no server, or none that there is. */
const OURS = 'mcp-vitals'

/**
 * Exposes how many connections clients hold open, by the server that each asked last; one that is not served counts as
 * our own. The result has those of one more HTTP server counted.
 */
export function exposeConnections(registry: Registry, isServed: (server: string) => boolean): (http: Server) => void {
  const open = new Map<Socket, string>()
  let shown = new Set([OURS])
  registry.onCollect(() => {
    const now = [...open.values()].map((server) => (isServed(server) ? server : OURS))
    const gone = [...shown].filter((server) => server !== OURS && !isServed(server))
    for (const server of gone) registry.remove(CONNECTIONS, server, 'http')
    shown = new Set([...shown, ...now].filter((server) => !gone.includes(server)))
    for (const server of shown) registry.gauge(CONNECTIONS).with(server, 'http').set(0)
    for (const server of now) registry.gauge(CONNECTIONS).with(server, 'http').add(1)
  })
  return (http) => {
    http.on('connection', (socket) => {
      open.set(socket, OURS)
      socket.once('close', () => open.delete(socket))
    })
    http.on('request', ({ socket, url }) => {
      if (open.has(socket)) open.set(socket, serverIn(url ?? '') ?? OURS)
    })
  }
}
