import { z } from 'zod'
import { anchorsOptions } from './anchors/options.js'

/** How often the audit log is signed: what no checkpoint covers yet could be rewritten unseen. */
const checkpointOptions = z
  .strictObject({
    everyRows: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(1000)
      .meta({ description: 'A checkpoint is signed after so many new rows.', examples: [1000] }),
    everyMs: z
      .int()
      .min(100)
      .max(3_600_000)
      .default(10_000)
      .meta({
        description: 'A new row is covered by a checkpoint after so many milliseconds at the latest.',
        examples: [10_000],
      }),
    idleMs: z
      .int()
      .min(1000)
      .max(86_400_000)
      .default(300_000)
      .meta({
        description:
          'Without a new row, a checkpoint is signed after so many milliseconds: it shows that the log still stands.',
        examples: [300_000],
      }),
  })
  .prefault({})

/** Keys joined by dots: short enough for the name of a value, with `arguments.` before it. */
const PATH = z
  .string()
  .regex(/^[^.]+(?:\.[^.]+)*$/)
  .max(118)

/** The audit log: what is recorded, where it lies, and how often it is signed. */
export const auditOptions = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .meta({
        description: 'Keeps an audit log: rows in a hash chain, signed now and then, which anybody can check.',
        examples: [false],
        env: 'MCP_VITALS_AUDIT',
      }),
    log: z
      .string()
      .regex(/^[^\s+\p{Cc}\p{Surrogate}]{1,200}$/u)
      .optional()
      .meta({
        description:
          'Name of the log, which its checkpoints and keys carry: 1 to 200 characters without white space and +. Where absent, one is made up at the first start and kept.',
        examples: ['example.com/audit/gateway-1'],
      }),
    keyFile: z
      .string()
      .min(1)
      .optional()
      .meta({
        description:
          'File of the private key that signs checkpoints (PEM, mode 600); made where there is none. Best kept where the log is not. Where absent: audit.key in the state directory.',
        examples: ['/etc/mcp-vitals/audit.key'],
        env: 'MCP_VITALS_AUDIT_KEY_FILE',
      }),
    calls: z
      .enum(['metadata', 'none'])
      .default('metadata')
      .meta({
        description:
          'What is recorded of each call of a tool: who called which tool when, how it ended and how large it was (metadata), or nothing (none). Never an argument or a result.',
        examples: ['none'],
      }),
    before: z
      .array(z.string().min(1).max(256))
      .default([])
      .meta({
        description:
          'Tools, as `<tool>` or `<server>.<tool>`, `*` for any letters, whose calls through the gateway go on only when a row TOOL_INTENT is saved. Each then waits for the disk, some milliseconds.',
        examples: [['delete_*', 'bank.transfer']],
      }),
    commitments: z
      .array(
        z
          .strictObject({
            tool: z.string().min(1).max(256),
            argument: PATH.optional(),
            result: PATH.optional(),
          })
          .refine(({ argument, result }) => (argument === undefined) !== (result === undefined), {
            message: 'expected: either "argument" or "result", such as { tool: bank.transfer, result: balance }',
          }),
      )
      .max(16)
      .default([])
      .meta({
        description:
          'Values of calls that rows commit to, by tool (as in `before`) and keys joined by dots: the row holds an HMAC, salt and value lie beside it in the log’s file until they are erased (mcp-vitals audit erase). `argument`: below the arguments; at the gateway in a row TOOL_INTENT, which is written before the call goes on, as for those of `before`. `result`: a text, number, true or false below the result’s `structuredContent`, else below its `_meta`, in a row TOOL_COMMITTED behind the call, where wraps put arguments of such kinds too. 16 at most.',
        examples: [
          [
            { tool: 'bank.transfer', argument: 'amount' },
            { tool: 'bank.transfer', result: 'balance' },
          ],
        ],
      }),
    policy: z
      .enum(['open', 'closed'])
      .default('open')
      .meta({
        description:
          'What becomes of the calls that `before` names while the log cannot be written: they go on and a critical alert tells of it (open), or they are refused, and /health/ready answers 503 (closed, which wants names in `before`).',
        examples: ['open'],
        env: 'MCP_VITALS_AUDIT_POLICY',
      }),
    postgres: z
      .url({ protocol: /^postgres(ql)?$/ })
      .optional()
      .meta({
        description:
          'Address of a PostgreSQL database, with user and password, that keeps the log: several daemons may write one there. Where absent: audit.db in the state directory (SQLite).',
        examples: ['postgres://audit:secret@db.example.com/audit'],
        env: 'MCP_VITALS_AUDIT_POSTGRES',
      }),
    postgresSchema: z
      .string()
      .regex(/^[a-z_][a-z0-9_]{0,62}$/)
      .default('mcp_vitals_audit')
      .meta({
        description:
          'Schema that holds the tables of `postgres`, made where there is none: 1 to 63 small letters, digits and _.',
        examples: ['audit'],
      }),
    checkpoints: checkpointOptions,
    archive: z
      .strictObject({
        dir: z
          .string()
          .min(1)
          .optional()
          .meta({
            description:
              'Where the files go. Where absent: audit-archive in the state directory; rows in PostgreSQL then stay there.',
            examples: ['/var/backups/mcp-vitals'],
          }),
        keepRows: z
          .int()
          .min(100)
          .max(1_000_000_000)
          .default(1_000_000)
          .meta({
            description: 'Most rows that the log itself holds: of more, the oldest are moved into files.',
            examples: [1_000_000],
          }),
        keepDays: z
          .int()
          .min(1)
          .max(36_500)
          .optional()
          .meta({ description: 'Rows that are older are moved into files. Where absent: none.', examples: [90] }),
      })
      .prefault({}),
    anchors: anchorsOptions,
  })
  .superRefine(({ enabled, policy, before, commitments }, context) => {
    const isNamed = before.length + commitments.filter(({ argument }) => argument !== undefined).length > 0
    if (before.length + commitments.length > 0 && !enabled)
      context.addIssue({
        code: 'custom',
        path: ['before'],
        message: 'names tools, while audit.enabled is false; expected: true there',
      })
    if (policy === 'closed' && !isNamed)
      context.addIssue({
        code: 'custom',
        path: ['before'],
        message: 'names no tool, while audit.policy is closed; expected: the tools to refuse, such as ["*"]',
      })
  })
  .prefault({})

export type AuditOptions = z.infer<typeof auditOptions>
