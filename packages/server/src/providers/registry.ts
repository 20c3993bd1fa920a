import { type Check, checkOf, type Probe } from './check.js'
import { commandProbe } from './command/check.js'
import { httpProbe } from './http/check.js'
import { type GatewayWay, mcpProbe } from './mcp/check.js'
import type { AskedEntry } from './options.js'
import { postgresProbe } from './postgres/check.js'
import { redisProbe } from './redis/check.js'
import { tcpProbe } from './tcp/check.js'

/** What checks are given beside their entry. */
export interface CheckTools extends GatewayWay {
  /** Monotonic milliseconds. */
  readonly clock: () => number
}

type EntryOf<T extends AskedEntry['type']> = Extract<AskedEntry, { readonly type: T }>

/** A line for each type of check. */
const PROBES: { readonly [T in AskedEntry['type']]: (entry: EntryOf<T>, tools: CheckTools) => Probe } = {
  http: httpProbe,
  tcp: tcpProbe,
  postgres: postgresProbe,
  redis: redisProbe,
  command: commandProbe,
  mcp: mcpProbe,
}

/** The check that an entry of the configuration describes. */
export function createCheck(entry: AskedEntry, tools: CheckTools): Check {
  const probe = PROBES[entry.type] as (entry: AskedEntry, tools: CheckTools) => Probe
  return checkOf(probe(entry, tools), tools.clock)
}
