import { z } from 'zod'

const DAY_MS = 86_400_000

/** What every channel has, whatever its type. */
export const shared = {
  sendResolved: z
    .boolean()
    .default(true)
    .meta({ description: 'Whether it is told of the end.', examples: [false] }),
  timeoutMs: z
    .int()
    .min(100)
    .max(120_000)
    .default(10_000)
    .meta({ description: 'How long one try may take, in milliseconds.', examples: [10_000] }),
  fallback: z
    .string()
    .max(64)
    .optional()
    .meta({ description: 'The channel that gets what this one does not take.', examples: ['email'] }),
  fallbackAfterMs: z
    .int()
    .min(0)
    .max(DAY_MS)
    .default(120_000)
    .meta({ description: 'How long it is tried before the fallback gets it.', examples: [120_000] }),
  giveUpAfterMs: z
    .int()
    .min(1000)
    .max(7 * DAY_MS)
    .default(DAY_MS)
    .meta({ description: 'How long it is tried where there is no fallback.', examples: [DAY_MS] }),
  limit: z
    .strictObject({
      messages: z
        .int()
        .min(1)
        .max(10_000)
        .meta({ description: 'Most messages.', examples: [20] }),
      perMs: z
        .int()
        .min(1000)
        .max(DAY_MS)
        .meta({ description: 'Within this time.', examples: [3_600_000] }),
    })
    .optional()
    .meta({
      description:
        'Beyond it messages are held, and told as one digest when there is room again. Default: by the type.',
      examples: [{ messages: 20, perMs: 3_600_000 }],
    }),
}

/** An address to post to. It often holds a secret, so it shows as `***`. */
export const address = (description: string, example: string) =>
  z.url({ protocol: /^https?$/ }).meta({ description, examples: [example] })

/** Headers to send; they show as `***`. */
export const headers = z
  .record(z.string().regex(/^[\w!#$%&'*+.^`|~-]+$/), z.string().regex(/^[^\r\n\0]*$/))
  .default({})
  .meta({ description: 'Headers to send.', examples: [{ authorization: `Bearer \${ALERTS_TOKEN}` }] })

export const type = <const T extends string>(name: T, description: string) =>
  z.literal(name).meta({ description, examples: [name] })
