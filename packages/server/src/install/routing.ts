import type { Client } from './clients.js'
import type { HttpKind } from './entries.js'
import { usableName } from './names.js'
import type { OwnServer } from './own-config.js'
import type { Gateway } from './rewrite.js'

/** Gives addresses of servers a place behind the gateway. */
export interface Routing {
  /** For the file of one client. */
  of(client: Client): Gateway
  /** What our configuration has to have, beyond what it has, for the addresses that were given out. */
  added(): ReadonlyMap<string, OwnServer>
}

export interface RoutingOptions {
  readonly withHttp: boolean
  readonly gatewayUrl: string
  /** What our configuration has already. */
  readonly known: ReadonlyMap<string, OwnServer>
}

/** What only the client fills in: `${input:key}`, `${env:KEY}`, `$KEY`, `%KEY%`. */
const VARIABLE = /\$|\{|%\w+%/

export function createRouting({ withHttp, gatewayUrl, known }: RoutingOptions): Routing {
  const added = new Map<string, OwnServer>()
  const nameFor = (wanted: string, server: OwnServer): string => {
    for (let count = 1; ; count++) {
      const name = count === 1 ? wanted : `${wanted}-${count}`
      const holder = known.get(name) ?? added.get(name)
      if (holder === undefined) {
        added.set(name, server)
        return name
      }
      if (holder.url === server.url && (holder.transport ?? 'http') === (server.transport ?? 'http')) return name
    }
  }
  return {
    added: () => added,
    of: (client) => ({
      route({ name, isDisabled }, http) {
        const { address } = http
        if (isGatewayUrl(address, gatewayUrl)) return { why: 'is watched already', state: 'watched' }
        if (!withHttp) return { why: 'has an address: --http takes it through the gateway', state: 'unwatched' }
        if (isDisabled) return { why: 'is disabled', state: 'unwatched' }
        if (VARIABLE.test(address))
          return { why: 'has a variable in its address, which only the client can fill in', state: 'unwatched' }
        if (!URL.canParse(address) || !/^https?:/i.test(address))
          return { why: 'has no http or https address', state: 'unwatched' }
        const server: OwnServer = { url: address, ...(isSse(http, client) && { transport: 'sse' }) }
        const url = `${gatewayUrl}/mcp/${encodeURIComponent(nameFor(usableName(name), server))}`
        return { url: server.transport === 'sse' ? `${url}/sse` : url }
      },
    }),
  }
}

/** Whether an address is one behind the gateway, by whichever loopback name. */
export function isGatewayUrl(address: string, gatewayUrl: string): boolean {
  if (!URL.canParse(address)) return false
  const { protocol, hostname, port, pathname } = new URL(address)
  const isHere = ['127.0.0.1', 'localhost', '[::1]'].includes(hostname) && port === new URL(gatewayUrl).port
  return isHere && protocol === 'http:' && /^\/mcp\/[^/]+(?:\/sse)?$/.test(pathname)
}

function isSse({ type, url, address }: HttpKind, { urlIsSse }: Client): boolean {
  if (type !== undefined) return type === 'sse'
  return /\/sse\/?$/.test(new URL(address).pathname) || (urlIsSse === true && url.key === 'url')
}
