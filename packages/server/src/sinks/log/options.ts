import { z } from 'zod'

const UNITS = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 } as const
const SIZE = /^(\d{1,15})\s*([kmg]?)b?$/i
const MIN_SIZE_BYTES = 1024

/** Bytes of `10485760`, `100m`, `64 kB`; undefined for what is no size, or below 1 KiB or beyond 2^53 - 1. */
function sizeBytesOf(value: number | string): number | undefined {
  const [, digits, unit = ''] = SIZE.exec(String(value)) ?? []
  if (digits === undefined) return undefined
  const sizeBytes = Number(digits) * UNITS[unit.toLowerCase() as keyof typeof UNITS]
  return Number.isSafeInteger(sizeBytes) && sizeBytes >= MIN_SIZE_BYTES ? sizeBytes : undefined
}

/** What the daemon writes about what it sees, one line for each thing that happened. */
export const logOptions = z
  .strictObject({
    level: z
      .enum(['debug', 'info', 'warning', 'warn', 'error', 'critical'])
      .default('info')
      .meta({
        description: 'Least level that is written. `warn` is another word for `warning`.',
        examples: ['info'],
        env: 'LOG_LEVEL',
      }),
    format: z
      .enum(['auto', 'json', 'text'])
      .default('auto')
      .meta({
        description:
          '`json`: one object a line. `text`: one sentence a line. `auto`: what the form is used to, else text on a terminal and json elsewhere.',
        examples: ['json'],
        env: 'LOG_FORMAT',
      }),
    form: z
      .enum(['mcp-vitals', 'messaging', 'plugins', 'letta', 'dust'])
      .default('mcp-vitals')
      .meta({
        description: 'Whose names and words the lines have; see [the log](log.md).',
        examples: ['plugins'],
        env: 'LOG_FORM',
      }),
    timestamps: z
      .boolean()
      .default(true)
      .meta({
        description: 'Whether a line of text begins with the time. JSON always has it.',
        examples: [false],
        env: 'LOG_TIMESTAMPS',
      }),
    file: z
      .string()
      .min(1)
      .optional()
      .meta({
        description:
          'File that gets every line as well. It always has the newest lines; older ones are `<file>.1`, `<file>.2` and so on.',
        examples: ['/var/log/mcp-vitals/server.log'],
        env: 'LOG_FILE',
      }),
    maxSizeBytes: z
      .union([z.int().min(MIN_SIZE_BYTES), z.string()])
      .meta({ examples: ['100m'] })
      .transform((value, context) => {
        const sizeBytes = sizeBytesOf(value)
        if (sizeBytes !== undefined) return sizeBytes
        context.addIssue({
          code: 'custom',
          message: `is ${JSON.stringify(value)}; expected: a size of at least ${MIN_SIZE_BYTES} bytes, for example 10485760 or "100m"`,
        })
        return z.NEVER
      })
      .prefault(10_485_760)
      .meta({
        description: 'Size at which the file is turned over: bytes, or a number with k, m or g.',
        env: 'LOG_MAX_SIZE',
      }),
    maxFiles: z
      .int()
      .min(1)
      .max(999)
      .default(5)
      .meta({
        description: 'Most files that are kept, the current one among them.',
        examples: [10],
        env: 'LOG_MAX_FILES',
      }),
    rawErrors: z
      .boolean()
      .default(false)
      .meta({
        description:
          'Whether lines about errors hold the messages of servers and of the system as they came. They may hold anything, personal data too.',
        examples: [false],
        env: 'LOG_RAW_ERRORS',
      }),
  })
  .prefault({})
  .meta({ description: 'The log, on standard output and in a file.' })

export type LogOptions = z.infer<typeof logOptions>
