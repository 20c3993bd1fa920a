import { type Check, checkOf, type Probe } from './check.js'
import { commandProbe } from './command/check.js'
import { httpProbe } from './http/check.js'
import { mcpProbe } from './mcp/check.js'
import type { ProviderEntry, ProviderType } from './options.js'
import { postgresProbe } from './postgres/check.js'
import { redisProbe } from './redis/check.js'
import { tcpProbe } from './tcp/check.js'

/** What checks are given beside their entry. */
export interface CheckTools {
  /** Where the gateway serves a server of the configuration. */
  readonly addressOf: (server: string) => string
  /** Monotonic milliseconds. */
  readonly clock: () => number
}

type EntryOf<T extends ProviderType> = Extract<ProviderEntry, { readonly type: T }>

/** A line for each type of check. */
const PROBES: { readonly [T in ProviderType]: (entry: EntryOf<T>, tools: CheckTools) => Probe } = {
  http: httpProbe,
  tcp: tcpProbe,
  postgres: postgresProbe,
  redis: redisProbe,
  command: commandProbe,
  mcp: (entry, { addressOf }) => mcpProbe(entry, addressOf),
}

/** The check that an entry of the configuration describes. */
export function createCheck(entry: ProviderEntry, tools: CheckTools): Check {
  const probe = PROBES[entry.type] as (entry: ProviderEntry, tools: CheckTools) => Probe
  return checkOf(probe(entry, tools), tools.clock)
}
