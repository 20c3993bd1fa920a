import { z } from 'zod'

/** The top-level fields of the health document, in the order in which they are shown. */
export const HEALTH_FIELDS = [
  'status',
  'uptime',
  'version',
  'environment',
  'demoMode',
  'timestamp',
  'sessions',
  'checks',
  'queue_size',
  'plugins',
  'queues',
  'servers',
  'system',
  'components',
  'server',
  'store',
  'audit',
] as const

const EXAMPLE = ['status', 'version', 'timestamp', 'checks.*.status']

/** What `/health`, `/health/ready` and `/ready` show. */
export const healthOptions = z
  .strictObject({
    word: z
      .enum(['ok', 'healthy'])
      .default('ok')
      .meta({ description: 'The word for well, wherever the document has a `status`.', examples: ['healthy'] }),
    version: z
      .string()
      .min(1)
      .max(64)
      .optional()
      .meta({
        description: 'Version that the document shows, of your own server. Where absent: the version of mcp-vitals.',
        examples: ['1.0.0'],
        env: 'MCP_VITALS_HEALTH_VERSION',
      }),
    fields: z
      .array(z.string().regex(new RegExp(`^(?:${HEALTH_FIELDS.join('|')})(?:\\.[^.]+)*$`)))
      .min(1)
      .default([...HEALTH_FIELDS])
      .meta({
        description: `Which fields are shown: ${HEALTH_FIELDS.join(', ')}. A dot goes into a field, \`*\` stands for every name. /health/ready and /ready show \`checks\`, \`store\` and \`audit\` whole besides.`,
        examples: [EXAMPLE],
      }),
  })
  .prefault({})

export type HealthOptions = z.infer<typeof healthOptions>
