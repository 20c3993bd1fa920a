import { z } from 'zod'

const MEBIBYTE = 1_048_576
const LABEL_NAME = /^(?!__|job$|instance$)[a-zA-Z_][a-zA-Z0-9_]*$/

/** What is remembered of the metrics, for queries and rules. */
export const seriesOptions = z
  .strictObject({
    intervalMs: z
      .int()
      .min(1000)
      .max(60_000)
      .default(15_000)
      .meta({
        description: 'How often the metrics are sampled, in milliseconds: what Prometheus calls the scrape interval.',
        examples: [15_000],
        env: 'MCP_VITALS_SERIES_INTERVAL_MS',
      }),
    windowHours: z
      .number()
      .min(3)
      .max(168)
      .default(24)
      .meta({
        description: 'How long every sample is kept. What is older is there as one sample in five minutes.',
        examples: [24],
      }),
    rolledDays: z
      .number()
      .min(1)
      .max(400)
      .default(30)
      .meta({ description: 'How long one sample in five minutes is kept.', examples: [30] }),
    maxSeries: z
      .int()
      .min(1000)
      .max(1_000_000)
      .default(250_000)
      .meta({
        description:
          'Most series that are remembered, those that ended among them. Where there are more, those that ended longest ago are forgotten; where none has ended, new ones are not taken, and counted.',
        examples: [250_000],
      }),
    maxBytes: z
      .int()
      .min(16 * MEBIBYTE)
      .max(16_384 * MEBIBYTE)
      .default(256 * MEBIBYTE)
      .meta({
        description:
          'Most bytes that the samples take in memory, and about as many on disk. Beyond it the oldest go before their time, and are counted.',
        examples: [256 * MEBIBYTE],
        env: 'MCP_VITALS_SERIES_MAX_BYTES',
      }),
    queryTimeoutMs: z
      .int()
      .min(100)
      .max(120_000)
      .default(10_000)
      .meta({ description: 'How long one query may take, in milliseconds.', examples: [10_000] }),
    maxQuerySamples: z
      .int()
      .min(10_000)
      .max(100_000_000)
      .default(20_000_000)
      .meta({
        description: 'Most samples that one query may read, and values that it may make on the way.',
        examples: [20_000_000],
      }),
    job: z
      .string()
      .min(1)
      .max(128)
      .default('mcp-vitals')
      .meta({
        description: 'Value of the label `job` of every series, as a Prometheus that scrapes this process gives it.',
        examples: ['devskyy_mcp'],
      }),
    instance: z
      .string()
      .min(1)
      .max(256)
      .optional()
      .meta({
        description:
          'Value of the label `instance` of every series. Where absent: the address that metrics were served at when the daemon started, such as 127.0.0.1:9464.',
        examples: ['localhost:9090'],
      }),
    labels: z
      .record(z.string().regex(LABEL_NAME), z.string().max(256))
      .default({})
      .meta({
        description: 'Further labels of every series, as a scrape configuration gives them to its target.',
        examples: [{ environment: 'production' }],
      }),
  })
  .prefault({})
  .meta({ description: 'What is remembered of the metrics, for queries and rules.' })

export type SeriesOptions = z.infer<typeof seriesOptions>
