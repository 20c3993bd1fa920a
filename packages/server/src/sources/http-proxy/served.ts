import type { ServerMemory } from '@mcp-vitals/instrument/mcp'
import type { Host, ServedEntry, ServerContext, Upstream } from './context.js'
import type { Doorway } from './doorway.js'
import { HttpUpstream } from './http-upstream.js'
import type { GatewayOptions } from './options.js'
import { createSlots, type Slots, type Tenant } from './slots.js'
import { SseUpstream } from './sse-upstream.js'
import { StdioUpstream } from './stdio-upstream.js'

/** Most sessions of one server within this process. */
const MAX_HOSTED_SESSIONS = 1000

/** One server of the setting, as long as it is served or drained. */
export interface Served {
  readonly name: string
  readonly entry: ServedEntry
  readonly upstream: Upstream
  /** What hosts it, where it lives in this process. */
  readonly host: Host | undefined
  /** Which of the running processes are its own. */
  readonly context: ServerContext
  readonly memory: ServerMemory
  readonly lastWords: { text: string }
  /** Takes its exchanges, where it has a door. */
  readonly doorway: Doorway
}

/** The way to a server. `host`: where it lives in this process. */
export function upstreamOf(entry: ServedEntry, host: Host | undefined, context: ServerContext): Upstream {
  if ('plugins' in entry) {
    if (!host) throw new Error(`nothing hosts ${context.server}`)
    return new StdioUpstream({ host, command: entry.plugins }, context)
  }
  if (!('url' in entry)) return new StdioUpstream(entry, context)
  return entry.transport === 'sse' ? new SseUpstream(entry, context) : new HttpUpstream(entry, context)
}

/** Places for the sessions of a server that is no process: they cost memory alone. */
export function hostedSlots(options: GatewayOptions, tenants: () => readonly Tenant[]): Slots {
  return createSlots({
    limit: MAX_HOSTED_SESSIONS,
    get reclaimIdleMs() {
      return options.reclaimIdleMs
    },
    tenants,
  })
}
