import { z } from 'zod'

/** What the daemon writes about what it sees, one line for each thing that happened. */
export const logOptions = z
  .strictObject({
    level: z
      .enum(['debug', 'info', 'warning', 'warn', 'error'])
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
        description: '`json`: one object a line. `text`: one sentence a line. `auto`: text on a terminal, else json.',
        examples: ['json'],
        env: 'LOG_FORMAT',
      }),
  })
  .prefault({})
  .meta({ description: 'The log on standard output.' })

export type LogOptions = z.infer<typeof logOptions>
