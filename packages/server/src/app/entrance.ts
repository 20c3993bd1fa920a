import { event, OWN_SERVER } from '@mcp-vitals/instrument/event'
import type { Publish } from '@mcp-vitals/instrument/stream'
import type { Config } from '../config/index.js'
import { createAdminCheck, createGuard } from '../listen/index.js'
import type { HttpServerOptions } from './http.js'

/** Who is let in by the HTTP servers of this process, and who is told of those that are not. */
export interface Entrance
  extends Required<Pick<HttpServerOptions, 'guard' | 'isAdmin' | 'isOwner' | 'isScrapeOpen' | 'onRefused'>> {
  /** From the next request on these options hold. */
  change(listen: Config['listen']): void
}

/** Builds the entrance. `ownerToken`: what the state directory's owner shows. */
export function createEntrance(listen: Config['listen'], ownerToken: string, publish: Publish): Entrance {
  const of = (options: Config['listen']) => ({
    guard: createGuard(options),
    isAdmin: createAdminCheck(options.adminToken),
    openScrape: options.openScrape,
  })
  let now = of(listen)
  return {
    guard: {
      refusalOf: (caller) => now.guard.refusalOf(caller),
      allowsOrigin: (origin, host) => now.guard.allowsOrigin(origin, host),
    },
    isAdmin: (authorization) => now.isAdmin(authorization),
    isOwner: createAdminCheck(ownerToken),
    isScrapeOpen: () => now.openScrape,
    onRefused(reason) {
      const origin = { server: OWN_SERVER, transport: 'http' } as const
      publish(event('auth', Date.now(), origin, { action: 'refused', reason: `admin_token_${reason}` }))
    },
    change(next) {
      now = of(next)
    },
  }
}
