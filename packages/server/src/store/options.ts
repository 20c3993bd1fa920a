import { z } from 'zod'

/** What the event store keeps, and for how long. */
export const storeOptions = z
  .strictObject({
    retentionDays: z
      .number()
      .min(1)
      .max(3650)
      .default(30)
      .meta({
        description: 'Events older than this many days are removed.',
        examples: [30],
        env: 'MCP_VITALS_RETENTION_DAYS',
      }),
  })
  .prefault({})

export type StoreOptions = z.infer<typeof storeOptions>
