import { z } from 'zod'
import { callsOptions } from './calls/options.js'
import { commandOptions } from './command/options.js'
import { httpOptions } from './http/options.js'
import { mcpOptions } from './mcp/options.js'
import { postgresOptions } from './postgres/options.js'
import { redisOptions } from './redis/options.js'
import { tcpOptions } from './tcp/options.js'

/** One thing outside that the watched servers need: a line for each type of check. */
export const providerEntry = z.discriminatedUnion('type', [
  httpOptions,
  tcpOptions,
  postgresOptions,
  redisOptions,
  commandOptions,
  mcpOptions,
  callsOptions,
])

/** The name is a key of the health document and a label. */
const providerName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_-]{0,63}$/)
  .meta({
    description: 'Name of the provider: a letter or _, then up to 63 letters, digits, _ or -',
    examples: ['database'],
  })

/** What the watched servers depend on, by name. */
export const providersOptions = z
  .record(providerName, providerEntry)
  .default({})
  .meta({
    description:
      'What your servers need from outside, checked when /health, /health/ready or /ready is asked. Each has metrics of its own.',
    examples: [{ database: { type: 'postgres', url: 'postgres://app@db.internal:5432/app' } }],
  })

export type ProviderEntry = z.infer<typeof providerEntry>
export type ProviderType = ProviderEntry['type']
/** One that is asked how it is. */
export type AskedEntry = Exclude<ProviderEntry, { readonly type: 'calls' }>
