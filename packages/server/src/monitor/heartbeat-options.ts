import { z } from 'zod'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

/** Something that tells of itself that it is well: a job that asks `/heartbeat/<name>` each time that it ran. */
export const heartbeatOptions = z.strictObject({
  type: z.literal('heartbeat').meta({
    description: 'Waits for others to ask `/heartbeat/<name>`; looked at by a daemon alone. See docs/health.md.',
    examples: ['heartbeat'],
  }),
  periodMs: z
    .int()
    .min(1000)
    .max(366 * DAY_MS)
    .meta({ description: 'Longest time from one heartbeat to the next, in milliseconds.', examples: [DAY_MS] }),
  graceMs: z
    .int()
    .min(0)
    .max(31 * DAY_MS)
    .default(5 * MINUTE_MS)
    .meta({ description: 'How much later it may be, in milliseconds.', examples: [5 * MINUTE_MS] }),
  token: z
    .string()
    .regex(/^[\x21-\x7e]{16,512}$/)
    .optional()
    .meta({
      description:
        'What must be shown with each, as `Authorization: Bearer`: 16 to 512 characters without spaces. Without one whoever is on this machine may tell of it, and nobody elsewhere.',
      examples: [`\${BACKUP_HEARTBEAT_TOKEN}`],
      form: '16 to 512 characters without spaces',
    }),
})

export type HeartbeatOptions = z.infer<typeof heartbeatOptions>
