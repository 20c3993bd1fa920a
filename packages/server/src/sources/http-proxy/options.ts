import { z } from 'zod'

const milliseconds = (description: string, byDefault: number, env?: string) =>
  z
    .number()
    .int()
    .min(1)
    .max(86_400_000)
    .default(byDefault)
    .meta({ description, examples: [byDefault], ...(env && { env }) })

/** A limit that is off where nothing is said. */
const limit = (description: string, example: number) =>
  z
    .number()
    .int()
    .min(1)
    .max(86_400_000)
    .optional()
    .meta({ description, examples: [example] })

/** Bounds of the gateway in front of the configured servers. */
export const gatewayOptions = z
  .strictObject({
    maxChildren: z
      .number()
      .int()
      .min(1)
      .max(1000)
      .default(32)
      .meta({
        description:
          'Most server processes at a time, over all servers. For one more, what was idle longest is ended (see `reclaimIdleMs`); else it is refused with 503 and Retry-After.',
        examples: [32],
        env: 'MCP_VITALS_MAX_CHILDREN',
      }),
    front: z
      .string()
      .min(1)
      .optional()
      .meta({
        description:
          'Server of the configuration that clients reach at `/mcp`, `/sse` and `/message` as well, without its name.',
        examples: ['plugins'],
      }),
    maxBodyBytes: z
      .number()
      .int()
      .min(1024)
      .max(268_435_456)
      .default(10_485_760)
      .meta({
        description:
          'Largest request body, and largest line of a server process, in bytes. HTTP servers have bounds of their own.',
        examples: [10_485_760],
      }),
    sessionIdleMs: milliseconds(
      'A session (or shared process) of a stdio server without traffic and open streams ends after this long.',
      1_800_000,
    ),
    reclaimIdleMs: milliseconds(
      'Once `maxChildren` processes run, a session (or shared process) that has been idle for this long may be ended to make room for a new one.',
      60_000,
    ),
    httpSessionIdleMs: milliseconds(
      'A session of an HTTP server without traffic is held for ended after this long. Only the books are closed.',
      3_600_000,
    ),
    restartDelayMs: milliseconds(
      'Once two processes of a stdio server failed one after another, the next start waits this long; twice as long after each further failure. Requests that need it get 503 and Retry-After meanwhile.',
      500,
    ),
    restartMaxDelayMs: milliseconds('Longest such wait, before up to a quarter is added by chance.', 60_000),
    restartResetMs: milliseconds(
      'The failure of a process that ran for this long counts as the first one again.',
      30_000,
    ),
    maxHttpSessions: z
      .number()
      .int()
      .min(1)
      .max(1_000_000)
      .default(10_000)
      .meta({
        description:
          'Most sessions of one HTTP server that are followed at a time. Beyond it the books of the one that was silent longest are closed; the session itself goes on.',
        examples: [10_000],
      }),
    startTimeoutMs: milliseconds('How long a started server may take to answer `initialize`.', 60_000),
    probeTimeoutMs: milliseconds(
      'How long a stdio server may take to answer `server/discover` before it is held for legacy.',
      5_000,
    ),
    connectTimeoutMs: milliseconds('How long the connection to an HTTP server may take.', 10_000),
    keepAliveMs: milliseconds(
      'An event stream of a stdio server that was silent for this long gets a comment, so that no proxy before the gateway closes it.',
      15_000,
    ),
    replayMaxMessages: z
      .number()
      .int()
      .min(1)
      .max(100_000)
      .default(256)
      .meta({
        description:
          'Most messages of one session of a stdio server that are held for a client that lost its stream and asks for the rest (`Last-Event-ID`). The oldest go first.',
        examples: [256],
      }),
    replayMaxBytes: z
      .number()
      .int()
      .min(1024)
      .max(268_435_456)
      .default(1_048_576)
      .meta({
        description: 'Most bytes of such messages. The newest stays whatever its size, within `maxBodyBytes`.',
        examples: [1_048_576],
      }),
    responseTimeoutMs: limit(
      'How long an HTTP server may take to begin its answer to a request that it has whole (GET streams excepted), and to take the next piece of one that it has not. Absent: as long as the client waits, since a call may take its time.',
      300_000,
    ),
    streamIdleTimeoutMs: limit(
      'How long an answer of an HTTP server that has begun may stand still before it is cut. Absent: no limit, since a stream may have nothing to say for hours.',
      3_600_000,
    ),
    stopGraceMs: milliseconds('How long calls in flight may take to finish when the gateway stops.', 10_000),
    childGraceMs: milliseconds(
      'How long a process may take to end, first after the end of its input, then after SIGTERM.',
      2_000,
    ),
  })
  .prefault({})

export type GatewayOptions = z.infer<typeof gatewayOptions>
