import { event, OWN_SERVER } from '@mcp-vitals/instrument/event'
import type { Publish } from '@mcp-vitals/instrument/stream'
import { type Access, createAccess, TOKEN_HOLDER } from '../access/index.js'
import type { Config } from '../config/index.js'
import { createAddressReader, createLockout, placeOf } from '../doors/index.js'
import { createAdminCheck, createGuard, type Guard } from '../listen/index.js'
import type { AdmissionOptions } from './admission.js'
import type { OnUnread } from './unread.js'

type Options = Pick<Config, 'listen' | 'status' | 'dashboard' | 'doors'>

/** Who is let in by the HTTP servers of this process, and who is told of those that are not. */
export interface Entrance {
  readonly guard: Guard
  readonly admission: Omit<AdmissionOptions, 'heartbeatAccess'>
  readonly access: Access
  readonly onUnread: OnUnread
  /** From the next request on these options hold. */
  change(config: Options): void
}

/** How an administrator who showed a token is called in events. */
const ADMIN = 'admin'

/** Builds the entrance. `ownerToken`: what the state directory's owner shows. */
export function createEntrance(config: Options, ownerToken: string, publish: Publish): Entrance {
  const of = ({ listen, status, doors }: Options) => ({
    guard: createGuard(listen),
    isAdmin: createAdminCheck(listen.adminToken),
    openScrape: listen.openScrape,
    statusPublic: status.public,
    addressOf: createAddressReader(doors.trustedProxies),
  })
  const isOwner = createAdminCheck(ownerToken)
  const origin = { server: OWN_SERVER, transport: 'http' } as const
  let now = of(config)
  const access = createAccess({
    options: config.dashboard,
    isAdminToken: (token) => now.isAdmin(`Bearer ${token}`),
    isOwnerToken: (token) => isOwner(`Bearer ${token}`),
    newLockout: (options) => createLockout(options, () => performance.now()),
    onLogin(action, by, who) {
      const agent = who && (who.user === TOKEN_HOLDER ? ADMIN : who.user)
      const reason = who ? `${who.role}_${by}` : `login_${by}`
      publish(event('auth', Date.now(), { ...origin, ...(agent !== undefined && { agent }) }, { action, reason }))
    },
    clock: () => performance.now(),
  })
  return {
    guard: {
      refusalOf: (caller) => now.guard.refusalOf(caller),
      allowsOrigin: (origin, host) => now.guard.allowsOrigin(origin, host),
    },
    admission: {
      isAdmin: (authorization) => now.isAdmin(authorization),
      isOwner,
      access,
      placeOf: (remote, forwardedFor) => placeOf(now.addressOf(remote, forwardedFor)),
      isScrapeOpen: () => now.openScrape,
      isStatusPublic: () => now.statusPublic,
      onRefused(reason) {
        publish(event('auth', Date.now(), origin, { action: 'refused', reason: `admin_token_${reason}` }))
      },
    },
    access,
    // Of its method and path nothing is known.
    onUnread(status) {
      const nothing = { method: 'UNREAD', path: 'unread', requestBytes: 0, responseBytes: 0 }
      publish(event('http', Date.now(), origin, { ...nothing, status }))
    },
    change(next) {
      now = of(next)
      access.change(next.dashboard)
    },
  }
}
