import { z } from 'zod'

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000

const within = (least: number, most: number, description: string, byDefault: number) =>
  z
    .int()
    .min(least)
    .max(most)
    .default(byDefault)
    .meta({ description, examples: [byDefault] })

const KINDS = ['.service', '.socket', '.timer', '.target', '.mount', '.path', '.slice', '.scope']

/** Names of units as systemd has them, each with its kind, and nothing that systemctl could take for an option. */
const unitName = z
  .string()
  .max(255)
  .regex(/^[A-Za-z0-9:_@\\][A-Za-z0-9:_.@\\-]*\.(service|socket|timer|target|mount|path|slice|scope)$/)

/** What a rule does: one of these. */
const action = z.union([
  z.strictObject({
    restartUnit: unitName.meta({
      description: 'Unit of systemd to restart, by its whole name.',
      examples: ['mcp-notes.service'],
      form: `the whole name of a unit: letters, digits and : _ . @ \\ -, the first of them neither . nor -, with one of ${KINDS.join(', ')} at its end`,
    }),
    user: z
      .boolean()
      .default(false)
      .meta({ description: 'Whether it is one of this user’s own units.', examples: [true] }),
  }),
  z.strictObject({
    command: z
      .array(z.string().min(1).max(4096))
      .min(1)
      .max(100)
      .meta({
        description:
          'A program and its arguments, as they are: no shell reads them. What it leaves in its process group is ended with it.',
        examples: [['/usr/local/bin/restart-notes']],
      }),
  }),
  z.strictObject({
    restartServer: z.literal(true).meta({
      description:
        'Ends the processes that the gateway runs for this stdio server; the next request starts one. Calls in flight may finish for `gateway.stopGraceMs`.',
      examples: [true],
    }),
  }),
  z.strictObject({
    restartMetricsServer: z.literal(true).meta({
      description: 'Has the metrics server of `metrics.port` listen anew.',
      examples: [true],
    }),
  }),
])

/** Stands for all components. */
export const EVERY = '*'

const ruleName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/)

/** What the daemon does by itself about a component that is not well. */
const remediation = z.strictObject({
  name: ruleName.optional().meta({
    description: 'What the rule is called in events and logs. Default: `rule_1` for the first, and so on.',
    examples: ['restart-notes'],
    form: 'a letter or digit, then up to 63 letters, digits, _, . or -',
  }),
  components: z
    .array(z.string().min(1).max(128))
    .min(1)
    .max(1000)
    .meta({ description: 'Names of the components that it is for; `*`: all.', examples: [['notes']] }),
  errorPattern: z
    .string()
    .min(1)
    .max(1000)
    .optional()
    .meta({
      description:
        'Only for failures in whose words, as /health has them, this is found: a regular expression of RE2. Default: any.',
      examples: ['connection refused'],
    }),
  action: action.meta({
    description:
      'What is done: one of `restartUnit`, `command`, `restartServer`, `restartMetricsServer`. See docs/health.md.',
    examples: [{ restartUnit: 'mcp-notes.service' }],
  }),
  afterFailures: within(1, 100, 'So many checks must fail one after the other before it runs.', 3),
  dryRun: z
    .boolean()
    .default(false)
    .meta({ description: 'Says what it would do, and does nothing.', examples: [true] }),
  cooldownMs: within(0, 24 * HOUR_MS, 'How long it does not run after it helped, in milliseconds.', 5 * MINUTE_MS),
  backoffMs: within(
    1000,
    HOUR_MS,
    'Pause after a run that did not help, in milliseconds; doubled with each further one.',
    30_000,
  ),
  maxBackoffMs: within(1000, 24 * HOUR_MS, 'Longest such pause, in milliseconds.', 30 * MINUTE_MS),
  maxPerHour: within(1, 60, 'Most runs within any hour, for each component.', 3),
  timeoutMs: within(100, 10 * MINUTE_MS, 'How long the action may take, in milliseconds; then it is ended.', MINUTE_MS),
  verifyWithinMs: within(
    1000,
    10 * MINUTE_MS,
    'How long after the action a check must succeed, in milliseconds, for it to have helped.',
    MINUTE_MS,
  ),
})

export const remediationsOptions = z
  .array(remediation)
  .max(100)
  .default([])
  .meta({
    description:
      'What the daemon does by itself about components that are not well. Only this file can say so: no variable and no request.',
    examples: [
      [
        {
          components: ['*'],
          errorPattern: 'connection refused',
          action: { restartUnit: 'mcp-notes.service' },
        },
      ],
    ],
  })

export type RemediationOptions = z.infer<typeof remediationsOptions>
export type RemedyAction = z.infer<typeof action>
