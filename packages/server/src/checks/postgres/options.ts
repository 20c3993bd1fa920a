import { z } from 'zod'
import { host, port, timeoutMs } from '../shared/options.js'

/** A PostgreSQL server that takes connections. */
export const postgresOptions = <S extends z.ZodRawShape>(more: S) =>
  z
    .strictObject({
      type: z.literal('postgres').meta({
        description:
          'Asks a PostgreSQL server for a connection, over TLS where it offers that, and closes it when the server asks for the password or lets in: no password is sent, so a refused login counts as up.',
        examples: ['postgres'],
      }),
      url: z
        .url({ protocol: /^postgres(ql)?$/ })
        .optional()
        .meta({
          description: 'Address, as postgres://user@host:5432/database. Its password is never sent or shown.',
          examples: [`postgres://app@db.internal:5432/app`],
        }),
      host: host.optional(),
      port: port('TCP port, beside `host`.', 5432),
      timeoutMs,
      ...more,
    })
    .refine((entry) => 'url' in entry !== 'host' in entry, {
      path: ['url'],
      message: 'or "host": exactly one of the two is expected, for example "postgres://app@db.internal:5432/app"',
    })

export type PostgresOptions = z.infer<ReturnType<typeof postgresOptions<Record<never, never>>>>
