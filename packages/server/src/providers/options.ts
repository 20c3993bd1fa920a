import { z } from 'zod'
import { checkOptions } from '../checks/options.js'
import { callsOptions } from './calls/options.js'

/** What every provider that is asked has beside its check. */
const shared = {
  required: z
    .boolean()
    .default(true)
    .meta({
      description: 'Whether /health/ready and /ready answer 503 while it is down.',
      examples: [false],
    }),
  cacheMs: z
    .int()
    .min(0)
    .max(3_600_000)
    .default(5_000)
    .meta({
      description: 'How long a result is served before the next check, in milliseconds.',
      examples: [5_000],
    }),
}

/** One thing outside that the watched servers need. */
export const providerEntry = z.discriminatedUnion('type', [...checkOptions(shared), callsOptions])

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
