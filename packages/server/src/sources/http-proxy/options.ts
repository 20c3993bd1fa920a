import { z } from 'zod'

const milliseconds = (description: string, byDefault: number, env?: string) =>
  z
    .number()
    .int()
    .min(1)
    .max(86_400_000)
    .default(byDefault)
    .meta({ description, examples: [byDefault], ...(env && { env }) })

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
    startTimeoutMs: milliseconds('How long a started server may take to answer `initialize`.', 60_000),
    probeTimeoutMs: milliseconds(
      'How long a stdio server may take to answer `server/discover` before it is held for legacy.',
      5_000,
    ),
    connectTimeoutMs: milliseconds('How long the connection to an HTTP server may take.', 10_000),
    stopGraceMs: milliseconds('How long calls in flight may take to finish when the gateway stops.', 10_000),
    childGraceMs: milliseconds(
      'How long a process may take to end, first after the end of its input, then after SIGTERM.',
      2_000,
    ),
  })
  .prefault({})

export type GatewayOptions = z.infer<typeof gatewayOptions>
