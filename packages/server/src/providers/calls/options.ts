import { z } from 'zod'

/** A provider that nobody asks: the calls that others make of it tell how it is. */
export const callsOptions = z.strictObject({
  type: z.literal('calls').meta({
    description:
      'Asks nothing: the newest `provider` event of this name, posted by an application or derived from a call, tells how it is; before the first it is unknown.',
    examples: ['calls'],
  }),
  required: z
    .boolean()
    .default(false)
    .meta({
      description:
        'Whether /health/ready and /ready answer 503 unless its newest call succeeded. Where that keeps calls away, none will ever tell that it is well.',
      examples: [false],
    }),
})
