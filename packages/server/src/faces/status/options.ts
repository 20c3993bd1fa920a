import { z } from 'zod'

/** The status page at `/status`, its feeds and badges. */
export const statusOptions = z
  .strictObject({
    public: z
      .boolean()
      .default(false)
      .meta({
        description:
          'Whether `/status`, its feeds and badges are there for everybody: without a token also from elsewhere, and without reasons, times of answers, tools and addresses. `/status/full` stays what it is.',
        examples: [true],
      }),
    title: z
      .string()
      .regex(/^[^\p{Cc}]{1,100}$/u)
      .default('Status')
      .meta({
        description: 'Heading of the page, and title of the feeds: 1 to 100 characters.',
        examples: ['Example Corp tools'],
      }),
    url: z
      .url({ protocol: /^https?$/ })
      .optional()
      .meta({
        description:
          'Address of the page as its readers know it, for links in the feeds. Where absent: as the feed was asked for.',
        examples: ['https://status.example.com/status'],
      }),
  })
  .prefault({})

export type StatusOptions = z.infer<typeof statusOptions>
