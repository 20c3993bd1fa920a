import { z } from 'zod'

const whole = (description: string, byDefault: number, min: number, max: number) =>
  z
    .number()
    .int()
    .min(min)
    .max(max)
    .default(byDefault)
    .meta({ description, examples: [byDefault] })

const limit = (description: string, example: number) =>
  z
    .number()
    .int()
    .min(1)
    .max(Number.MAX_SAFE_INTEGER)
    .optional()
    .meta({ description, examples: [example] })

/** Longest single argument that Linux hands to a program is 131,072 bytes. */
const MAX_ARGUMENT_BYTES = 131_000

/** A server that is made of command-line plugins: their commands are its tools. */
export const pluginsEntry = z.strictObject({
  plugins: z
    .string()
    .min(1)
    .meta({
      description:
        'Directory of plugins: a folder each, with a `cli.py`, `cli.js`, `cli.ts`, `cli.sh`, an executable `cli`, or a `plugin.json`. docs/plugins.md tells what is read of them.',
      examples: ['mcp/plugins'],
    }),
  env: z
    .record(z.string(), z.string())
    .default({})
    .meta({
      description:
        'Environment variables of every plugin, beyond the few that each gets (PATH, HOME, LANG and the like).',
      examples: [{ BOT_NAME: 'helper' }],
    }),
  separator: z
    .enum(['.', '_', '__', '-'])
    .default('.')
    .meta({
      description: 'What stands between plugin and command in the name of a tool. Some clients take no dot.',
      examples: ['__'],
    }),
  concurrency: whole('Jobs of one plugin that run at a time.', 4, 1, 1000),
  maxWaiting: whole('Jobs of one plugin that may wait. One more is refused, and says so.', 100, 0, 100_000),
  callerPriority: whole(
    'How far a client may move its own jobs in the queue, up or down from the priority of their command, by `mcp-vitals/priority` in `_meta`. 0: not at all.',
    0,
    0,
    100,
  ),
  timeoutMs: whole('How long a job may run before it is ended.', 60_000, 1, 86_400_000),
  graceMs: whole('How long a job that is ended has after SIGTERM, before SIGKILL.', 2_000, 1, 60_000),
  maxArgumentBytes: whole('Largest arguments of one job, in bytes.', 65_536, 1, MAX_ARGUMENT_BYTES),
  maxInputBytes: whole(
    'Largest argument that goes to the standard input of a job, in bytes.',
    1_048_576,
    1,
    67_108_864,
  ),
  maxOutputBytes: whole(
    'Largest output of one job, in bytes. One that prints more is ended.',
    1_048_576,
    1,
    67_108_864,
  ),
  memoryBytes: limit(
    'Most memory of its own that each process of a job may have, in bytes (Linux, by prlimit).',
    536_870_912,
  ),
  cpuSeconds: limit('Most CPU time that each process of a job may use, in seconds (Linux, by prlimit).', 30),
  watch: z
    .boolean()
    .default(true)
    .meta({ description: 'Looks again when plugins change, and tells the clients that are there.', examples: [false] }),
  disabled: z
    .boolean()
    .default(false)
    .meta({ description: 'Leaves this server out.', examples: [true] }),
})

export type PluginsEntry = z.infer<typeof pluginsEntry>
