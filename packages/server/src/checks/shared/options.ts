import { z } from 'zod'

/** How long a check may take that says nothing else. Milliseconds. */
export const USUAL_TIMEOUT_MS = 2_000
/** The same where a server is started for it: a package may have to be fetched first. Milliseconds. */
export const STARTED_TIMEOUT_MS = 30_000

const milliseconds = z.int().min(1).max(60_000)
const DESCRIPTION = 'How long one check may take, in milliseconds; then it counts as failed.'

/** How long one check may take. */
export const timeoutMs = milliseconds
  .default(USUAL_TIMEOUT_MS)
  .meta({ description: DESCRIPTION, examples: [USUAL_TIMEOUT_MS] })

/** The same for a check that may start a server, and that fills in the default, which depends on whether it does. */
export const timeoutOfStarts = (usualMs: number) =>
  milliseconds.optional().meta({
    description: `${DESCRIPTION} Default: ${usualMs}, and ${STARTED_TIMEOUT_MS} with \`command\`, as a package may have to be fetched first.`,
    examples: [STARTED_TIMEOUT_MS],
  }) as unknown as typeof timeoutMs

/** A TCP port. */
export const port = (description: string, byDefault?: number) => {
  const number = z.int().min(1).max(65_535)
  return (byDefault === undefined ? number : number.default(byDefault)).meta({
    description,
    examples: [byDefault ?? 8080],
  })
}

/** A host's name or address. */
export const host = z
  .string()
  .min(1)
  .max(253)
  .meta({ description: 'Name or address of the host.', examples: ['db.internal'] })

/** Headers of a request: what Node would refuse to send is refused here. */
export const headers = (description: string, example: Record<string, string>) =>
  z
    .record(
      z
        .string()
        .regex(/^[\w!#$%&'*+.^`|~-]+$/)
        .meta({ description: 'Name of a header, without spaces' }),
      z
        .string()
        .regex(/^[\t\x20-\x7e\x80-\xff]*$/)
        .meta({ form: 'text of Latin characters on one line' }),
    )
    .default({})
    .meta({ description, examples: [example] })

/** Values that are secrets: they show as `***` wherever the configuration is shown. */
export const secrets = (description: string, example: Record<string, string>) =>
  z
    .record(z.string(), z.string())
    .default({})
    .meta({ description, examples: [example] })
