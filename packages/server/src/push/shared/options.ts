import { z } from 'zod'

const MEBIBYTE = 1_048_576

/** An address to push to; without it a receiver is off. */
export const address = (description: string, example: string, env: string) =>
  z
    .url({ protocol: /^https?$/ })
    .refine((text) => !URL.canParse(text) || new URL(text).username === '', {
      message: 'has a name before the host; expected: an address without one, and `username` and `password` beside it',
    })
    .optional()
    .meta({ description, examples: [example], env })

/** What every receiver has, whatever it is. */
export const shared = {
  headers: z
    .record(z.string().regex(/^[\w!#$%&'*+.^`|~-]+$/), z.string().regex(/^[^\r\n\0]*$/))
    .default({})
    .meta({
      description: 'Headers to send, such as those of a tenant or a token. They show as `***`.',
      examples: [{ 'x-scope-orgid': 'team', authorization: `Bearer \${PUSH_TOKEN}` }],
    }),
  username: z
    .string()
    .max(256)
    .optional()
    .meta({ description: 'Name for HTTP’s basic authentication.', examples: ['123456'] }),
  password: z
    .string()
    .max(4096)
    .optional()
    .meta({
      description: 'Password for it, as a rule out of the environment. It shows as `***`.',
      examples: ['a-password'],
    }),
  timeoutMs: z
    .int()
    .min(100)
    .max(120_000)
    .default(10_000)
    .meta({ description: 'How long one try may take, in milliseconds.', examples: [10_000] }),
  spoolBytes: z
    .int()
    .min(MEBIBYTE)
    .max(16_384 * MEBIBYTE)
    .default(64 * MEBIBYTE)
    .meta({
      description:
        'Most bytes of what waits on disk while the receiver is away, packed as it will be sent, for each kind of data. Beyond it the oldest go, and are counted.',
      examples: [64 * MEBIBYTE],
    }),
}
