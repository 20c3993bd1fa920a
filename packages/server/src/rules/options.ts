import { z } from 'zod'

/** Rules that come along: the product's own, and one set for each system that has rules. */
export const RULE_SETS = ['own', 'messaging', 'commerce', 'dust', 'plugins'] as const

/** Rules that the daemon evaluates. */
export const rulesOptions = z
  .strictObject({
    intervalMs: z
      .int()
      .min(1000)
      .max(3_600_000)
      .default(15_000)
      .meta({
        description:
          'How often the groups are evaluated that name no `interval` of their own, in milliseconds: what Prometheus calls the evaluation interval.',
        examples: [15_000],
        env: 'MCP_VITALS_RULES_INTERVAL_MS',
      }),
    sets: z
      .array(z.enum(RULE_SETS))
      .default(['own'])
      .meta({
        description:
          'Rules that come along, by the name of their set: docs/reference/rules.md. A preset adds its own. None: `[]`.',
        examples: [['own', 'plugins']],
      }),
    files: z
      .array(z.string().min(1).max(4096))
      .max(100)
      .default([])
      .meta({
        description:
          'Rule files of yours, in Prometheus’s format. A path counts from the folder of this file; its last part may have `*` for any text. They are read again when they change.',
        examples: [['rules/*.yml']],
      }),
  })
  .prefault({})
  .meta({ description: 'Rules that the daemon evaluates over the metrics that it remembers.' })

export type RulesOptions = z.infer<typeof rulesOptions>
