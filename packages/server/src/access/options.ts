import { z } from 'zod'

/** What a password is kept as: `makePasswordHash` writes it. */
export const PASSWORD_HASH = /^scrypt\$\d{1,2}\$\d{1,2}\$\d{1,2}\$[\w-]{22}\$[\w-]{43}$/

const minutes = (description: string, most: number, byDefault: number) =>
  z
    .number()
    .int()
    .min(1)
    .max(most)
    .default(byDefault)
    .meta({ description, examples: [byDefault] })

const user = z.strictObject({
  name: z
    .string()
    .regex(/^[\w.@-]{1,64}$/)
    .meta({
      description:
        'What they log in with, and what the audit log calls them: 1 to 64 letters, digits, dots, hyphens, underscores or @.',
      examples: ['kim'],
    }),
  role: z
    .enum(['viewer', 'admin'])
    .default('viewer')
    .meta({ description: '`viewer` reads; `admin` acknowledges and silences as well.', examples: ['admin'] }),
  passwordHash: z
    .string()
    .regex(PASSWORD_HASH)
    .meta({
      description: 'What `mcp-vitals users hash` prints for their password.',
      examples: ['scrypt$15$8$3$0123456789012345678901$0123456789012345678901234567890123456789012'],
    }),
})

/** The dashboard at `/admin/dashboard`, and who may look at it. */
export const accessOptions = z
  .strictObject({
    users: z
      .array(user)
      .max(1000)
      .refine((users) => new Set(users.map(({ name }) => name)).size === users.length, 'has a name twice')
      .default([])
      .meta({
        description:
          'Who logs in with name and password, beside who has the admin token. On this machine everybody may look who can reach the port.',
        examples: [
          [
            {
              name: 'kim',
              role: 'admin',
              passwordHash: 'scrypt$15$8$3$0123456789012345678901$0123456789012345678901234567890123456789012',
            },
          ],
        ],
      }),
    idleMinutes: minutes('How long a session lasts in which nothing is asked. A page that is open asks.', 43_200, 60),
    sessionMinutes: minutes('How long a session lasts at most.', 43_200, 720),
    lockout: z
      .strictObject({
        failures: z
          .number()
          .int()
          .min(1)
          .max(1000)
          .default(5)
          .meta({
            description: 'Failed logins of one address, or with one name, after which it is locked.',
            examples: [5],
          }),
        windowMs: z
          .number()
          .int()
          .min(1000)
          .max(86_400_000)
          .default(900_000)
          .meta({ description: 'How long a failed login counts.', examples: [900_000] }),
        lockMs: z
          .number()
          .int()
          .min(1000)
          .max(86_400_000)
          .default(900_000)
          .meta({
            description: 'How long a locked address or name gets no answer but 429.',
            examples: [900_000],
          }),
      })
      .prefault({})
      .meta({ description: 'What keeps passwords and tokens from being guessed.' }),
  })
  .prefault({})
  .meta({ description: 'The dashboard, and who may look at it: docs/dashboard.md.' })

export type AccessOptions = z.infer<typeof accessOptions>
