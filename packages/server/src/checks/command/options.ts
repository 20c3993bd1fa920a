import { z } from 'zod'
import { secrets, timeoutMs } from '../shared/options.js'

/** A program whose exit status tells. */
export const commandOptions = <S extends z.ZodRawShape>(more: S) =>
  z.strictObject({
    type: z.literal('command').meta({
      description: 'Runs a program: exit status 0 means well. Its output is not read.',
      examples: ['command'],
    }),
    command: z
      .string()
      .min(1)
      .meta({
        description: 'Program to run: a path, or a name to look up in PATH. No shell reads it.',
        examples: ['/usr/local/bin/disk-has-room'],
      }),
    args: z
      .array(z.string())
      .default([])
      .meta({ description: 'Its arguments, as they are.', examples: [['/var']] }),
    env: secrets('Environment variables beyond PATH, HOME, LANG and the like.', { LIMIT: '90' }),
    cwd: z
      .string()
      .min(1)
      .optional()
      .meta({ description: 'Directory to run it in; the daemon’s own where absent.', examples: ['/srv'] }),
    timeoutMs,
    ...more,
  })

export type CommandOptions = z.infer<ReturnType<typeof commandOptions<Record<never, never>>>>
