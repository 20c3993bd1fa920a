import { z } from 'zod'
import { maintenanceOptions } from '../alerts/options.js'
import { syntheticCalls } from '../checks/mcp/options.js'
import { checkOptions, connectivityTargets } from '../checks/options.js'
import { heartbeatOptions } from './heartbeat-options.js'
import { EVERY, remediationsOptions } from './remediation-options.js'

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

const USUAL_TIMEOUT_MS = 10_000

/** What a component may have of its own. */
const schedule = {
  timeoutMs: timeoutMs.default(USUAL_TIMEOUT_MS),
  intervalMs: intervalMs.optional(),
  retries: retries.default(0),
}

/** One thing whose health is watched. */
export const componentEntry = z.discriminatedUnion('type', [
  ...checkOptions(schedule, USUAL_TIMEOUT_MS),
  heartbeatOptions,
])

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
      'Time from one start of a stdio server for its check to the next, in milliseconds. In between one that the gateway runs anyway is asked every `intervalMs`.',
      300_000,
    ).default(300_000),
    timeoutMs: timeoutMs.default(USUAL_TIMEOUT_MS),
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
    connectivity: z
      .strictObject({
        enabled: z
          .boolean()
          .default(true)
          .meta({
            description:
              'Whether the daemon asks itself if it is cut off from the network, before it judges what is beyond loopback.',
            examples: [false],
          }),
        targets: z
          .array(connectivityTargets)
          .max(10)
          .default([])
          .meta({
            description:
              'What it asks; any one that answers will do. None: components of other hosts, where there are some of two hosts at least.',
            examples: [[{ type: 'tcp', host: '192.0.2.1', port: 53 }]],
          }),
      })
      .prefault({}),
    maintenance: maintenanceOptions.meta({
      description:
        'Times in which what matches is looked at and not judged: it shows as `maintenance`, nothing is done about it, and nobody is told of alerts that match. Labels are `server` of a server and `check` of another component; names of times stand under `alerts.times`.',
      examples: [[{ match: ['server="notes"'], times: ['always'], comment: 'nobody works with it' }]],
    }),
    remediations: remediationsOptions,
  })
  .prefault({})

export type MonitorOptions = z.infer<typeof monitorOptions>
export type ComponentEntry = z.infer<typeof componentEntry>

/** What of a configuration says which components there are. */
interface Surroundings {
  readonly servers: Readonly<Record<string, object>>
  readonly metricsPort: number | undefined
}

/** Names that rules use and nobody declared, and actions that have nothing to act on: each with where it stands. */
export function monitorProblems(
  { components, api, remediations }: MonitorOptions,
  { servers, metricsPort }: Surroundings,
): readonly { readonly path: readonly PropertyKey[]; readonly message: string }[] {
  const problems: { readonly path: readonly PropertyKey[]; readonly message: string }[] = []
  const known = new Set([
    EVERY,
    ...(api.url === undefined ? [] : [API]),
    ...(metricsPort === undefined ? [] : [METRICS_SERVER]),
    ...Object.keys(servers),
    ...Object.keys(components),
  ])
  const isStdio = (name: string) => Object.hasOwn(servers, name) && 'command' in (servers[name] ?? {})
  const names = new Set<string>()
  for (const [index, { name, components: wanted, action }] of remediations.entries()) {
    const at = ['remediations', index]
    if (name !== undefined && names.has(name))
      problems.push({ path: [...at, 'name'], message: `is ${JSON.stringify(name)}, as another rule is called` })
    if (name !== undefined) names.add(name)
    for (const [place, component] of wanted.entries()) {
      const is = `is ${JSON.stringify(component)}, which is no`
      const wrong = (what: string) => problems.push({ path: [...at, 'components', place], message: `${is} ${what}` })
      if (!known.has(component)) wrong(`component; expected: ${[...known].join(', ') || 'one that is declared'}`)
      else if ('restartServer' in action && !isStdio(serverOf(components, component)))
        wrong('stdio server, so that the gateway has no process of it to restart; expected: one with a `command`')
      else if ('restartMetricsServer' in action && component !== METRICS_SERVER)
        wrong(`metrics server of the daemon; expected: "${METRICS_SERVER}", and metrics.port`)
    }
  }
  return problems
}

/** Components that are there by themselves. */
export const API = 'api'
export const METRICS_SERVER = 'metrics_server'

/** The server that a component is, or asks through the gateway. */
export function serverOf(components: MonitorOptions['components'], component: string): string {
  const entry = Object.hasOwn(components, component) ? components[component] : undefined
  return entry?.type === 'mcp' && entry.server !== undefined ? entry.server : component
}
