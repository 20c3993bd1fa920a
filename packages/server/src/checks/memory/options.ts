import { z } from 'zod'
import { timeoutMs } from '../shared/options.js'

/** A machine with memory left. */
export const memoryOptions = <S extends z.ZodRawShape>(more: S) =>
  z.strictObject({
    type: z.literal('memory').meta({
      description: 'Looks how much memory of this machine a new program could have.',
      examples: ['memory'],
    }),
    minAvailablePercent: z
      .number()
      .min(0)
      .max(100)
      .default(10)
      .meta({ description: 'Least share of the memory that must be available, in percent.', examples: [5] }),
    timeoutMs,
    ...more,
  })

export type MemoryOptions = z.infer<ReturnType<typeof memoryOptions<Record<never, never>>>>
