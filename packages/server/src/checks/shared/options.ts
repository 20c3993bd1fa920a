import { z } from 'zod'

/** How long one check may take. */
export const timeoutMs = z
  .int()
  .min(1)
  .max(60_000)
  .default(2_000)
  .meta({
    description: 'How long one check may take, in milliseconds; then it counts as failed.',
    examples: [2_000],
  })

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

/** Values that are secrets: they show as `***` wherever the configuration is shown. */
export const secrets = (description: string, example: Record<string, string>) =>
  z
    .record(z.string(), z.string())
    .default({})
    .meta({ description, examples: [example] })
