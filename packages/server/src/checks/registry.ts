import { type Check, checkOf, type Probe } from './check.js'
import { commandProbe } from './command/check.js'
import { diskProbe } from './disk/check.js'
import { dnsProbe } from './dns/check.js'
import { httpProbe } from './http/check.js'
import type { GatewayWay, mcpProbe, OpenHosted } from './mcp/check.js'
import { memoryProbe } from './memory/check.js'
import type { CheckEntry } from './options.js'
import { postgresProbe } from './postgres/check.js'
import { redisProbe } from './redis/check.js'
import { systemdProbe } from './systemd/check.js'
import { tcpProbe } from './tcp/check.js'

/** What checks are given beside their entry. */
export interface CheckTools extends GatewayWay {
  /** Monotonic milliseconds. */
  readonly clock: () => number
  /** In place of the gateway: the server itself, where it lives in this process. Nothing of it is traffic then. */
  readonly open?: OpenHosted
}

type EntryOf<T extends CheckEntry['type']> = Extract<CheckEntry, { readonly type: T }>

/** A line for each type of check. */
const PROBES: { readonly [T in CheckEntry['type']]: (entry: EntryOf<T>, tools: CheckTools) => Probe } = {
  http: httpProbe,
  tcp: tcpProbe,
  postgres: postgresProbe,
  redis: redisProbe,
  command: commandProbe,
  mcp: lateMcpProbe,
  dns: dnsProbe,
  disk: diskProbe,
  memory: memoryProbe,
  systemd: systemdProbe,
}

/** The SDK of the protocol is loaded with the first look, and not by those who take none. */
function lateMcpProbe(entry: EntryOf<'mcp'>, tools: CheckTools): Probe {
  let probe: Promise<ReturnType<typeof mcpProbe>> | undefined
  return async (signal) => {
    probe ??= import('./mcp/check.js').then(({ mcpProbe }) => mcpProbe(entry, tools))
    return (await probe)(signal)
  }
}

/** The check that an entry of the configuration describes. */
export function createCheck(entry: CheckEntry, tools: CheckTools): Check {
  const probe = PROBES[entry.type] as (entry: CheckEntry, tools: CheckTools) => Probe
  return checkOf(probe(entry, tools), tools.clock)
}
