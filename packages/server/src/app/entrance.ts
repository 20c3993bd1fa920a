import { event, OWN_SERVER } from '@mcp-vitals/instrument/event'
import type { Publish } from '@mcp-vitals/instrument/stream'
import type { Config } from '../config/index.js'
import { createAdminCheck, createGuard } from '../listen/index.js'
import type { HttpServerOptions } from './http.js'

/** Who is let in by the HTTP servers of this process, and who is told of those that are not. */
export function createEntrance(
  listen: Config['listen'],
  publish: Publish,
): Required<Pick<HttpServerOptions, 'guard' | 'isAdmin' | 'openScrape' | 'onRefused'>> {
  return {
    guard: createGuard(listen),
    isAdmin: createAdminCheck(listen.adminToken),
    openScrape: listen.openScrape,
    onRefused(reason) {
      const origin = { server: OWN_SERVER, transport: 'http' } as const
      publish(event('auth', Date.now(), origin, { action: 'refused', reason: `admin_token_${reason}` }))
    },
  }
}
