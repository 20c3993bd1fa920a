import { z } from 'zod'
import { timeoutMs } from '../shared/options.js'

/** A Redis (or Valkey) server that answers PING. */
export const redisOptions = <S extends z.ZodRawShape>(more: S) =>
  z.strictObject({
    type: z.literal('redis').meta({
      description:
        'Sends PING to a Redis or Valkey server. No password is sent, so an answer that asks for one counts as up.',
      examples: ['redis'],
    }),
    url: z.url({ protocol: /^rediss?$/ }).meta({
      description: 'Address; rediss:// is TLS. Its password is never sent or shown.',
      examples: ['redis://cache.internal:6379'],
    }),
    timeoutMs,
    ...more,
  })

export type RedisOptions = z.infer<ReturnType<typeof redisOptions<Record<never, never>>>>
