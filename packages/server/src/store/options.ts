import { z } from 'zod'

const MEBIBYTE = 1_048_576

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
    maxBytes: z
      .int()
      .min(MEBIBYTE)
      .max(1024 * 1024 * MEBIBYTE)
      .default(1024 * MEBIBYTE)
      .meta({
        description:
          'Most bytes that the events take on disk: beyond it the oldest are removed. The write-ahead file beside it takes up to 16 MiB more.',
        examples: [1024 * MEBIBYTE],
        env: 'MCP_VITALS_STORE_MAX_BYTES',
      }),
  })
  .prefault({})

export type StoreOptions = z.infer<typeof storeOptions>
