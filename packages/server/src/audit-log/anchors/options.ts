import { z } from 'zod'

const everyMs = z.int().min(1000).max(86_400_000).default(300_000)
const httpUrl = z.url({ protocol: /^https?$/ })

/** A place that checkpoints go to, by what it is. */
const anchorOptions = z.union([
  z.strictObject({ file: z.string().min(1) }),
  z.strictObject({ witness: httpUrl, key: z.string().min(1).max(512) }),
  z.strictObject({
    git: z.string().regex(/^[^-]/),
    branch: z
      .string()
      .regex(/^(?!.*(?:\.\.|\/\/|\.lock$))[\w][\w./-]{0,127}$/)
      .default('audit'),
    everyMs,
  }),
  z.strictObject({
    s3: z.strictObject({
      endpoint: httpUrl,
      bucket: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/),
      region: z
        .string()
        .regex(/^[a-z0-9-]{1,64}$/)
        .default('us-east-1'),
      prefix: z
        .string()
        .regex(/^(?!.*(?:^|\/)\.{1,2}(?:\/|$))[\w./-]{0,256}$/)
        .default(''),
      accessKeyId: z.string().min(1).max(256),
      secretAccessKey: z.string().min(1).max(256),
    }),
    everyMs,
  }),
])

/** Where checkpoints go beside the log, by name. */
export const anchorsOptions = z
  .record(
    z
      .string()
      .regex(/^\w[\w.-]{0,63}$/)
      .meta({ description: 'Name of the place: 1 to 64 letters, digits, _ . and -.', examples: ['backup'] }),
    anchorOptions,
  )
  .default({})
  .meta({
    description:
      'Places elsewhere that get checkpoints, by name: whoever owns this machine alone cannot rewrite what they cover. `file`: appended to. `witness` and its public `key`: signs what only grows (mcp-vitals witness is one). `git` and `branch` (audit): pushed to. `s3`: an object each. The last two get one every `everyMs` milliseconds at most (300000). docs/audit.md has an example of each.',
    examples: [{ backup: { file: '/mnt/backup/audit-checkpoints' } }],
  })

export type AnchorEntry = z.infer<typeof anchorOptions>
