import { z } from 'zod'
import { timeoutMs } from '../shared/options.js'

/** A file system with room left. */
export const diskOptions = <S extends z.ZodRawShape>(more: S) =>
  z.strictObject({
    type: z.literal('disk').meta({ description: 'Looks how much of a file system is free.', examples: ['disk'] }),
    path: z
      .string()
      .min(1)
      .default('/')
      .meta({ description: 'A path in the file system.', examples: ['/var'] }),
    minFreePercent: z
      .number()
      .min(0)
      .max(100)
      .default(10)
      .meta({ description: 'Least share that must be free for those who are not root, in percent.', examples: [5] }),
    minFreeBytes: z
      .int()
      .min(0)
      .default(0)
      .meta({ description: 'Least number of bytes that must be free.', examples: [1_000_000_000] }),
    timeoutMs,
    ...more,
  })

export type DiskOptions = z.infer<ReturnType<typeof diskOptions<Record<never, never>>>>
