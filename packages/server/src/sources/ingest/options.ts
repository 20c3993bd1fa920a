import { z } from 'zod'

/** What the ingest (`POST /v1/events`) accepts. */
export const ingestOptions = z
  .strictObject({
    maxBodyBytes: z
      .number()
      .int()
      .min(1024)
      .max(64 * 1024 * 1024)
      .default(1024 * 1024)
      .meta({ description: 'Longest body of one post, bytes; a longer one is answered 413.', examples: [1_048_576] }),
    maxEvents: z
      .number()
      .int()
      .min(500)
      .max(100_000)
      .default(1000)
      .meta({
        description:
          'Most events in one post; one with more is answered 413. At least 500, which is what our own senders send.',
        examples: [1000],
      }),
    postsPerSecond: z
      .number()
      .min(0.1)
      .max(100_000)
      .default(100)
      .meta({
        description: 'Posts of one sender (by its name) a second; beyond it the answer is 429.',
        examples: [100],
      }),
    eventsPerSecond: z
      .number()
      .min(1)
      .max(10_000_000)
      .default(10_000)
      .meta({
        description: 'Events of one sender (by its name) a second; beyond it the answer is 429.',
        examples: [10_000],
      }),
    burstSeconds: z
      .number()
      .min(1)
      .max(3600)
      .default(10)
      .meta({
        description: 'How many seconds’ worth of posts and events a sender that was silent may send at once.',
        examples: [10],
      }),
    maxConcurrent: z
      .number()
      .int()
      .min(1)
      .max(1000)
      .default(32)
      .meta({ description: 'Posts read at the same time; beyond it the answer is 503.', examples: [32] }),
    bodyTimeoutMs: z
      .number()
      .int()
      .min(100)
      .max(600_000)
      .default(10_000)
      .meta({ description: 'How long a body may take to arrive, milliseconds; then 408.', examples: [10_000] }),
    maxStreams: z
      .number()
      .int()
      .min(1)
      .max(1_000_000)
      .default(10_000)
      .meta({
        description: 'Streams watched for silence at the same time; beyond it the quietest is forgotten.',
        examples: [10_000],
      }),
    silentAfterMs: z
      .number()
      .int()
      .min(1000)
      .max(86_400_000)
      .default(120_000)
      .meta({
        description: 'A stream without a post for so long is lost, milliseconds: its open sessions are closed.',
        examples: [120_000],
      }),
  })
  .prefault({})

export type IngestOptions = z.infer<typeof ingestOptions>
