import { z } from 'zod'
import { timeoutMs } from '../shared/options.js'

/** A unit of systemd that is active. */
export const systemdOptions = <S extends z.ZodRawShape>(more: S) =>
  z.strictObject({
    type: z.literal('systemd').meta({ description: 'Asks systemctl whether a unit is active.', examples: ['systemd'] }),
    unit: z
      .string()
      .regex(/^[A-Za-z0-9:_.@\\][A-Za-z0-9:_.@\\-]{0,254}$/)
      .meta({
        description: 'Name of the unit.',
        examples: ['mcp-notes.service'],
        form: 'the name of a unit: at most 255 letters, digits and : _ . @ \\ -, the first of them no -',
      }),
    user: z
      .boolean()
      .default(false)
      .meta({ description: 'Whether it is one of this user’s own units.', examples: [true] }),
    timeoutMs,
    ...more,
  })

export type SystemdOptions = z.infer<ReturnType<typeof systemdOptions<Record<never, never>>>>
