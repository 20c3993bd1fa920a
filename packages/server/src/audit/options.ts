import { z } from 'zod'

/** How often the audit log is signed: what no checkpoint covers yet could be rewritten unseen. */
export const checkpointOptions = z
  .strictObject({
    everyRows: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(1000)
      .meta({ description: 'A checkpoint is signed after so many new rows.', examples: [1000] }),
    everyMs: z
      .int()
      .min(100)
      .max(3_600_000)
      .default(10_000)
      .meta({
        description: 'A new row is covered by a checkpoint after so many milliseconds at the latest.',
        examples: [10_000],
      }),
    idleMs: z
      .int()
      .min(1000)
      .max(86_400_000)
      .default(300_000)
      .meta({
        description:
          'Without a new row, a checkpoint is signed after so many milliseconds: it shows that the log still stands.',
        examples: [300_000],
      }),
  })
  .prefault({})

export type CheckpointOptions = z.infer<typeof checkpointOptions>
