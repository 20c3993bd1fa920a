import { z } from 'zod'

/** What is said of tools that do not do as they did. */
export const anomaliesOptions = z
  .object({
    enabled: z
      .boolean()
      .default(true)
      .meta({
        description:
          'Whether every tool’s durations, errors, calls and sizes of results are compared with what is usual of it, and what is not is told.',
        examples: [false],
        env: 'MCP_VITALS_ANOMALIES',
      }),
    maxTools: z
      .int()
      .min(1)
      .max(100_000)
      .default(1000)
      .meta({
        description:
          'Most tools that are followed, about 14 kB of memory each. Beyond them a tool takes the place of one that was not called for a day, or is not followed.',
        examples: [1000],
      }),
  })
  .prefault({})
  .meta({ description: 'Anomalies: what a tool does not do as it did. See docs/anomalies.md.' })

export type AnomaliesOptions = z.infer<typeof anomaliesOptions>
