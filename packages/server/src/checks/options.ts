import { z } from 'zod'
import { commandOptions } from './command/options.js'
import { diskOptions } from './disk/options.js'
import { dnsOptions } from './dns/options.js'
import { httpOptions } from './http/options.js'
import { mcpOptions } from './mcp/options.js'
import { memoryOptions } from './memory/options.js'
import { postgresOptions } from './postgres/options.js'
import { redisOptions } from './redis/options.js'
import { systemdOptions } from './systemd/options.js'
import { tcpOptions } from './tcp/options.js'

/**
 * The options of every type of check, a line for each, with those that its user adds to all of them; `usualTimeoutMs` where
 * these have a time-out with another default.
 */
export const checkOptions = <S extends z.ZodRawShape>(more: S, usualTimeoutMs?: number) =>
  [
    httpOptions(more),
    tcpOptions(more),
    dnsOptions(more),
    postgresOptions(more),
    redisOptions(more),
    commandOptions(more),
    mcpOptions(more, usualTimeoutMs),
    diskOptions(more),
    memoryOptions(more),
    systemdOptions(more),
  ] as const

/** What shows that the network is there. */
export const connectivityTargets = z.discriminatedUnion('type', [httpOptions({}), tcpOptions({}), dnsOptions({})])

const anyEntry = z.discriminatedUnion('type', checkOptions({}))

/** An entry with every default filled in. Throws where it is none. */
export const checkEntry = (entry: Readonly<Record<string, unknown>>): CheckEntry => anyEntry.parse(entry) as CheckEntry

export type CheckEntry = z.infer<ReturnType<typeof checkOptions<Record<never, never>>>[number]>
