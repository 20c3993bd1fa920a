import { event, OWN_SERVER } from '@mcp-vitals/instrument/event'
import type { Publish } from '@mcp-vitals/instrument/stream'
import type { Config } from '../config/index.js'
import { createAdminCheck, createGuard } from '../listen/index.js'
import type { HttpServerOptions } from './http.js'

/** Who is let in by the HTTP servers of this process, and who is told of those that are not. */
export interface Entrance
  extends Required<
    Pick<HttpServerOptions, 'guard' | 'isAdmin' | 'isOwner' | 'isScrapeOpen' | 'isStatusPublic' | 'onRefused'>
  > {
  /** From the next request on these options hold. */
  change(config: Pick<Config, 'listen' | 'status'>): void
}

/** Builds the entrance. `ownerToken`: what the state directory's owner shows. */
export function createEntrance(
  config: Pick<Config, 'listen' | 'status'>,
  ownerToken: string,
  publish: Publish,
): Entrance {
  const of = ({ listen, status }: Pick<Config, 'listen' | 'status'>) => ({
    guard: createGuard(listen),
    isAdmin: createAdminCheck(listen.adminToken),
    openScrape: listen.openScrape,
    statusPublic: status.public,
  })
  let now = of(config)
  return {
    guard: {
      refusalOf: (caller) => now.guard.refusalOf(caller),
      allowsOrigin: (origin, host) => now.guard.allowsOrigin(origin, host),
    },
    isAdmin: (authorization) => now.isAdmin(authorization),
    isOwner: createAdminCheck(ownerToken),
    isScrapeOpen: () => now.openScrape,
    isStatusPublic: () => now.statusPublic,
    onRefused(reason) {
      const origin = { server: OWN_SERVER, transport: 'http' } as const
      publish(event('auth', Date.now(), origin, { action: 'refused', reason: `admin_token_${reason}` }))
    },
    change(next) {
      now = of(next)
    },
  }
}
