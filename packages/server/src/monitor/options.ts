import { z } from 'zod'
import { syntheticCalls } from '../checks/mcp/options.js'
import { checkOptions } from '../checks/options.js'

const milliseconds = (least: number, most: number, description: string, example: number) =>
  z
    .int()
    .min(least)
    .max(most)
    .meta({ description, examples: [example] })
const ratio = z.number().min(0).max(1)
const times = z.int().min(1).max(100)

const timeoutMs = milliseconds(
  1,
  60_000,
  'How long one check may take, in milliseconds; then it counts as failed.',
  10_000,
)
const intervalMs = milliseconds(1_000, 86_400_000, 'Time from one check to the next, in milliseconds.', 30_000)
const retries = z
  .int()
  .min(0)
  .max(10)
  .meta({ description: 'How often a check that failed is tried again at once, before it counts.', examples: [1] })

/** What a component may have of its own. */
const schedule = {
  timeoutMs: timeoutMs.default(10_000),
  intervalMs: intervalMs.optional(),
  retries: retries.default(0),
}

/** One thing whose health is watched. */
export const componentEntry = z.discriminatedUnion('type', [...checkOptions(schedule)])

const serverOverride = z.strictObject({
  enabled: z
    .boolean()
    .default(true)
    .meta({ description: 'Whether this server is checked.', examples: [false] }),
  timeoutMs: timeoutMs.optional(),
  intervalMs: intervalMs.optional(),
  retries: retries.optional(),
  expectTools: z
    .array(z.string().min(1).max(256))
    .max(1000)
    .default([])
    .meta({ description: 'Tools that the server must list.', examples: [['search']] }),
  calls: syntheticCalls,
})

/** The name is a label, and in capitals the heading of its block. */
const componentName = z
  .string()
  .regex(/^(?!__proto__$)[A-Za-z_][A-Za-z0-9_-]{0,63}$/)
  .meta({
    description: 'Name of the component: a letter or _, then up to 63 letters, digits, _ or -',
    examples: ['website'],
  })

const level = (latencyMs: number, errorRatio: number) =>
  z
    .strictObject({
      latencyMs: milliseconds(1, 3_600_000, 'Latencies from here on are worse, in milliseconds.', latencyMs).default(
        latencyMs,
      ),
      errorRatio: ratio
        .default(errorRatio)
        .meta({ description: 'Shares of errors from here on are worse, 0 to 1.', examples: [errorRatio] }),
    })
    .prefault({})

/** Health: what is looked at beside the servers, how often, and when it is well. */
export const monitorOptions = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .meta({
        description:
          'Whether the daemon looks at servers and components by itself. `mcp-vitals check` does in any case.',
        examples: [false],
      }),
    intervalMs: intervalMs.default(30_000),
    stdioIntervalMs: milliseconds(
      1_000,
      86_400_000,
      'Time from one check to the next of a server that is started for each check, in milliseconds.',
      300_000,
    ).default(300_000),
    timeoutMs: timeoutMs.default(10_000),
    stdioTimeoutMs: milliseconds(
      1,
      60_000,
      'How long the check of a server that is started for it may take, in milliseconds: a package may have to be fetched first.',
      30_000,
    ).default(30_000),
    retries: retries.default(0),
    failureThreshold: times
      .default(3)
      .meta({ description: 'So many checks must fail one after the other before a component is down.', examples: [3] }),
    successThreshold: times
      .default(2)
      .meta({ description: 'So many checks must succeed one after the other before it is up again.', examples: [2] }),
    concurrency: z
      .int()
      .min(1)
      .max(256)
      .default(16)
      .meta({ description: 'Most checks at the same time; others wait.', examples: [16] }),
    healthy: level(1_000, 0.01).describe('What a healthy component, and a GREEN system, stay below.'),
    degraded: level(5_000, 0.05).describe('What a degraded component, and a YELLOW system, stay below.'),
    yellowToolRatio: ratio
      .default(0.8)
      .meta({ description: 'Least share of the tools that must be there for YELLOW, 0 to 1.', examples: [0.8] }),
    historyDays: z
      .int()
      .min(1)
      .max(400)
      .default(90)
      .meta({
        description: 'How many days of uptime, and of incidents that are over, are kept and shown.',
        examples: [90],
      }),
    leastCalls: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(20)
      .meta({
        description: 'So many calls must have passed in five minutes before their latency and errors are judged.',
        examples: [20],
      }),
    api: z
      .strictObject({
        url: z
          .url({ protocol: /^https?$/ })
          .optional()
          .meta({
            description:
              'Address of an API that belongs to the system: the component `api`. Without a path /health is asked.',
            examples: ['http://localhost:8000'],
            env: 'DEVSKYY_API_URL',
          }),
        key: z
          .string()
          .min(1)
          .optional()
          .meta({ description: 'Its key, sent as a bearer token.', examples: ['k-123'], env: 'DEVSKYY_API_KEY' }),
      })
      .prefault({}),
    servers: z
      .record(z.string().min(1).max(128), serverOverride)
      .default({})
      .meta({
        description: 'What differs for servers, by their names under `servers`.',
        examples: [{ notes: { expectTools: ['search'] } }],
      }),
    components: z
      .record(componentName, componentEntry)
      .default({})
      .meta({
        description: 'What is checked beside the servers, by name.',
        examples: [{ website: { type: 'http', url: 'https://www.example.com/', expectBody: 'Welcome' } }],
      }),
  })
  .prefault({})

export type MonitorOptions = z.infer<typeof monitorOptions>
export type ComponentEntry = z.infer<typeof componentEntry>
