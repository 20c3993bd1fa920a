import { z } from 'zod'
import { ALWAYS, POLICIES } from './contract.js'
import { matcherProblem } from './matcher-form.js'
import { isZone } from './times.js'

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
const MAX_MS = 30 * DAY_MS

const NAME = /^(?!__proto__$)[\w.-]{1,64}$/
const name = z.string().regex(NAME)
const matchers = z.array(z.string().min(1).max(1000)).max(100)
const match = matchers.default([]).meta({
  description:
    'Conditions on labels, all of which must hold, as in Alertmanager: `=`, `!=`, `=~`, `!~`. None: everything.',
  examples: [['severity=~"HIGH|CRITICAL"', 'server="notes"']],
})
const times = z
  .array(name)
  .max(50)
  .default([])
  .meta({ description: 'Names under `alerts.times`.', examples: [['nights']] })
const notify = z
  .array(name)
  .max(20)
  .meta({
    description: 'Names of channels under `alerts.channels`, `log` and `whatsapp`.',
    examples: [['log', 'slack']],
  })

/** How often alerts of a route are told; where a route says nothing, what holds above it. */
const rhythm = {
  groupBy: z
    .array(z.string().regex(/^(?!__proto__$)[a-zA-Z_]\w*$|^\.\.\.$/))
    .max(50)
    .optional()
    .meta({
      description: 'Labels by whose values alerts are told together; `...`: each by itself.',
      examples: [['alertname', 'server']],
    }),
  groupWaitMs: z
    .int()
    .min(0)
    .max(HOUR_MS)
    .optional()
    .meta({ description: 'How long the first message of a group waits for others.', examples: [30_000] }),
  groupIntervalMs: z
    .int()
    .min(1000)
    .max(DAY_MS)
    .optional()
    .meta({ description: 'Least time between two messages of a group about what is new.', examples: [5 * MINUTE_MS] }),
  repeatIntervalMs: z
    .int()
    .min(1000)
    .max(MAX_MS)
    .optional()
    .meta({
      description:
        'After this time what fires still, and nobody acknowledged, is told again; looked at every `groupIntervalMs`.',
      examples: [HOUR_MS],
    }),
}

const escalate = z
  .array(
    z.strictObject({
      afterMs: z
        .int()
        .min(1000)
        .max(MAX_MS)
        .meta({ description: 'How long nobody acknowledged what was told.', examples: [15 * MINUTE_MS] }),
      notify,
    }),
  )
  .max(10)
  .optional()
  .meta({
    description: 'Who is told as well while nobody acknowledges. They are told of the end too.',
    examples: [[{ afterMs: 15 * MINUTE_MS, notify: ['pagerduty'] }]],
  })

const routeKeys = {
  match,
  notify: notify.optional(),
  continue: z
    .boolean()
    .default(false)
    .meta({ description: 'Whether the routes after it are tried too.', examples: [true] }),
  ...rhythm,
  escalate,
  muteTimes: times,
  activeTimes: times,
}
const leaf = z.strictObject(routeKeys)
const branch = z.strictObject({ ...routeKeys, routes: z.array(leaf).max(100).default([]) })
const trunk = z.strictObject({ ...routeKeys, routes: z.array(branch).max(100).default([]) })

const date = z
  .string()
  .regex(/^\d{4}-\d\d-\d\d$/)
  .refine((text) => !Number.isNaN(Date.parse(text)))
  .optional()
const clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/)
const endClock = z.string().regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/)

const timesOptions = z.record(
  name,
  z.strictObject({
    zone: z
      .string()
      .max(64)
      .default('UTC')
      .meta({ description: 'Time zone, by its IANA name.', examples: ['Europe/Berlin'] }),
    ranges: z
      .array(
        z.strictObject({
          days: z.array(z.enum(['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'])).optional(),
          from: clock.optional().meta({ examples: ['22:00'] }),
          to: endClock.optional().meta({ examples: ['06:00'] }),
          firstDate: date,
          lastDate: date,
        }),
      )
      .min(1)
      .max(100),
  }),
)

/** Windows in which nobody is told of what matches: the one form of them, wherever they stand. */
export const maintenanceOptions = z
  .array(
    z.strictObject({
      match,
      times: z
        .array(name)
        .min(1)
        .max(50)
        .meta({ examples: [['patch-night']] }),
      comment: z
        .string()
        .max(1000)
        .default('')
        .meta({ examples: ['patches'] }),
    }),
  )
  .max(100)
  .default([])

/** Rules by which one alert hides another, as in Alertmanager, and the one that dependencies need: it hides while it is pending. */
const inhibitOptions = z.array(
  z.strictObject({
    sources: matchers.min(1).meta({ description: 'The alert that hides.', examples: [['alertname="ServerDown"']] }),
    targets: matchers.min(1).meta({ description: 'The alerts that it hides.', examples: [['tool!=""']] }),
    equal: z
      .array(z.string())
      .max(50)
      .default([])
      .meta({
        description: 'Labels that both must have with the same value.',
        examples: [['server']],
      }),
    whilePending: z
      .boolean()
      .default(false)
      .meta({
        description: 'Whether it hides from when its condition holds, before it fires.',
        examples: [true],
      }),
  }),
)

const POLICY_HELP =
  '`keep`: what fires goes on firing. `resolve`: it is over. `alert`: what fires goes on, and not knowing is an alert, too.'

/** Alerts: who is told of what, when, and how often. */
export const alertsOptions = z.strictObject({
  enabled: z
    .boolean()
    .default(true)
    .meta({ description: 'Whether anybody is told of anything.', examples: [false], env: 'MCP_VITALS_ALERTS' }),
  routes: z
    .array(trunk)
    .max(100)
    .default([])
    .meta({
      description:
        'Who is told of what: the first route that matches, and in it the first of its own `routes`, three deep. What none matches, or a route without `notify`, is told as the defaults say: HIGH and CRITICAL to `whatsapp`, where it is set, and `log`, the rest to `log`.',
      examples: [[{ match: ['severity=~"HIGH|CRITICAL"'], notify: ['log', 'whatsapp'] }]],
    }),
  groupBy: rhythm.groupBy
    .unwrap()
    .default(['alertname'])
    .meta({
      description: 'Labels by whose values alerts are told together; `...`: each by itself.',
      examples: [['alertname']],
    }),
  groupWaitMs: rhythm.groupWaitMs
    .unwrap()
    .default(30_000)
    .meta({
      description: 'How long the first message of a group waits for others.',
      examples: [30_000],
    }),
  groupIntervalMs: rhythm.groupIntervalMs
    .unwrap()
    .default(5 * MINUTE_MS)
    .meta({
      description: 'Least time between two messages of a group about what is new.',
      examples: [5 * MINUTE_MS],
    }),
  repeatIntervalMs: rhythm.repeatIntervalMs
    .unwrap()
    .default(HOUR_MS)
    .meta({
      description: 'After this time what fires still, and nobody acknowledged, is told again.',
      examples: [HOUR_MS],
    }),
  noData: z
    .enum(POLICIES)
    .default('resolve')
    .meta({
      description: `What becomes of a rule’s alerts when there is no sample to judge by. ${POLICY_HELP} Prometheus resolves them.`,
      examples: ['keep'],
    }),
  error: z
    .enum(POLICIES)
    .default('alert')
    .meta({
      description: `What becomes of a rule’s alerts when it cannot be evaluated. ${POLICY_HELP}`,
      examples: ['keep'],
    }),
  resolveTimeoutMs: z
    .int()
    .min(1000)
    .max(DAY_MS)
    .default(5 * MINUTE_MS)
    .meta({
      description: 'An alert that nobody tells of any more is resolved after this time.',
      examples: [5 * MINUTE_MS],
    }),
  times: timesOptions.default({}).meta({
    description:
      'Named times by the clocks of a zone: days of the week, from and to (over midnight too), dates. For `muteTimes`, `activeTimes` and `maintenance`; `always` is there by itself.',
    examples: [{ nights: { zone: 'Europe/Berlin', ranges: [{ from: '22:00', to: '06:00' }] } }],
  }),
  maintenance: maintenanceOptions.meta({
    description:
      'Times in which nobody is told of what matches. It is watched all the same, and told afterwards if it still fires.',
    examples: [[{ match: ['server="playground"'], times: ['always'], comment: 'nobody works with it' }]],
  }),
  inhibit: inhibitOptions
    .max(100)
    .default([])
    .meta({
      description:
        'Alerts that hide others, beside the rule that what is wrong with a server hides what is wrong with its tools.',
      examples: [[{ sources: ['alertname="UpstreamDown"'], targets: ['severity="MEDIUM"'], equal: ['server'] }]],
    }),
  heartbeat: z
    .strictObject({
      url: z
        .url({ protocol: /^https?$/ })
        .optional()
        .meta({
          description:
            'Address that is asked (GET) while alerts work, for a watcher elsewhere that tells when it is not: a dead man’s switch.',
          examples: ['https://hc-ping.com/uuid'],
          env: 'MCP_VITALS_HEARTBEAT_URL',
        }),
      everyMs: z
        .int()
        .min(1000)
        .max(DAY_MS)
        .default(MINUTE_MS)
        .meta({ description: 'How often.', examples: [MINUTE_MS] }),
    })
    .prefault({}),
  maxAlerts: z
    .int()
    .min(1)
    .max(100_000)
    .default(20_000)
    .meta({ description: 'Most alerts at a time; beyond it new ones are refused and counted.', examples: [20_000] }),
  historyDays: z
    .number()
    .min(1)
    .max(3650)
    .default(90)
    .meta({ description: 'Days that the history of alerts is kept.', examples: [90] }),
})

export type AlertsOptions = z.infer<typeof alertsOptions>
/** One route of the configuration, at any depth. */
export interface RouteOptions extends z.infer<typeof leaf> {
  readonly routes?: readonly RouteOptions[]
}
export type InhibitOptions = z.infer<typeof inhibitOptions>[number]
/** What of the options changes while alerts go on. */
export type QuietTimes = Pick<AlertsOptions, 'maintenance' | 'times'>
export type MaintenanceWindow = z.infer<typeof maintenanceOptions>[number]

/** Channels that are there by themselves. */
const BUILT_IN = ['log', 'whatsapp'] as const

/** One thing that is wrong: where, and a sentence about it. */
interface Problem {
  readonly path: readonly PropertyKey[]
  readonly message: string
}

function wrongNames(
  path: readonly PropertyKey[],
  names: readonly string[],
  known: ReadonlySet<string>,
  what: string,
): readonly Problem[] {
  return names.flatMap((name, index) =>
    known.has(name)
      ? []
      : [
          {
            path: [...path, index],
            message: `is ${JSON.stringify(name)}, which is no ${what}; expected: ${[...known].join(', ') || `one that is declared`}`,
          },
        ],
  )
}

function wrongMatchers(path: readonly PropertyKey[], texts: readonly string[]): readonly Problem[] {
  return texts.flatMap((text, index) => {
    const problem = matcherProblem(text)
    return problem === undefined
      ? []
      : [{ path: [...path, index], message: `is ${JSON.stringify(text)}, which ${problem}` }]
  })
}

const namesOf = (times: AlertsOptions['times']): ReadonlySet<string> => new Set([ALWAYS, ...Object.keys(times)])

/** What is wrong with windows: names that nobody declared under `alerts.times`, and texts that are no matcher. */
export function windowProblems(
  maintenance: readonly MaintenanceWindow[],
  times: AlertsOptions['times'],
): readonly Problem[] {
  return maintenance.flatMap((window, index) => [
    ...wrongMatchers(['maintenance', index, 'match'], window.match),
    ...wrongNames(['maintenance', index, 'times'], window.times, namesOf(times), 'name under alerts.times'),
  ])
}

/** Names that routes use and nobody declared, and texts that are no matcher or no time zone: each with where it stands. */
export function alertsProblems(
  { routes, times, maintenance, inhibit }: AlertsOptions,
  entries: Readonly<Record<string, { readonly fallback?: string | undefined } | object>>,
): readonly Problem[] {
  const problems: Problem[] = []
  const wantNames = (...asked: Parameters<typeof wrongNames>) => problems.push(...wrongNames(...asked))
  const wantMatchers = (...asked: Parameters<typeof wrongMatchers>) => problems.push(...wrongMatchers(...asked))
  const named = namesOf(times)
  const channels = new Set([...BUILT_IN, ...Object.keys(entries)])
  for (const [name, entry] of Object.entries(entries))
    if ('fallback' in entry && entry.fallback !== undefined && !channels.has(entry.fallback))
      problems.push({
        path: ['channels', name, 'fallback'],
        message: `is ${JSON.stringify(entry.fallback)}, which is no channel; expected: ${[...channels].join(', ')}`,
      })
  const visit = (path: readonly PropertyKey[], route: RouteOptions) => {
    wantMatchers([...path, 'match'], route.match)
    wantNames([...path, 'notify'], route.notify ?? [], channels, 'channel')
    wantNames([...path, 'muteTimes'], route.muteTimes, named, 'name under alerts.times')
    wantNames([...path, 'activeTimes'], route.activeTimes, named, 'name under alerts.times')
    for (const [index, step] of (route.escalate ?? []).entries())
      wantNames([...path, 'escalate', index, 'notify'], step.notify, channels, 'channel')
    for (const [index, child] of (route.routes ?? []).entries()) visit([...path, 'routes', index], child)
  }
  for (const [index, route] of routes.entries()) visit(['routes', index], route)
  problems.push(...windowProblems(maintenance, times))
  for (const [index, rule] of inhibit.entries()) {
    wantMatchers(['inhibit', index, 'sources'], rule.sources)
    wantMatchers(['inhibit', index, 'targets'], rule.targets)
  }
  for (const [name, { zone }] of Object.entries(times))
    if (!isZone(zone))
      problems.push({
        path: ['times', name, 'zone'],
        message: `is ${JSON.stringify(zone)}, which is no time zone here; expected: an IANA name, such as Europe/Berlin`,
      })
  return problems
}
