import { z } from 'zod'

/** Most budgets of one configuration. */
const MAX_BUDGETS = 200
/** Most patterns of tools in one budget. */
const MAX_PATTERNS = 100

const usd = z.number().positive().max(1e9)
const scope = (what: string, example: string) =>
  z
    .string()
    .min(1)
    .max(128)
    .optional()
    .meta({ description: `Counts what ${what} spends alone; all where absent.`, examples: [example] })

const budget = z.strictObject({
  limitUsd: usd.meta({ description: 'How much may be spent in one window, US dollars.', examples: [50] }),
  per: z
    .enum(['hour', 'day', 'month'])
    .default('month')
    .meta({ description: 'Window, as the calendar of UTC has it.', examples: ['day'] }),
  agent: scope('this agent', 'agent-001'),
  tool: scope('calls of this tool', 'ask_model'),
  provider: scope('this provider is paid', 'openai').meta({
    description: 'Counts what is paid to this provider alone; all where absent.',
    examples: ['openai'],
  }),
  refuse: z
    .array(z.string().min(1).max(256))
    .max(MAX_PATTERNS)
    .default([])
    .meta({
      description:
        'Patterns of tools whose calls the gateway refuses while the limit is reached: those of `agent` where it is set, and of `tool`. `*`: any characters. None where empty.',
      examples: [['ask_*']],
    }),
})

/** The name is a label, and stands in log lines. */
const budgetName = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/)
  .meta({ description: 'Name of the budget: 1 to 64 letters, digits, _, . or -', examples: ['all'] })

/** How much may be spent, by whom and in what time. */
export const budgetsOptions = z
  .record(budgetName, budget)
  .refine((all) => Object.keys(all).length <= MAX_BUDGETS, `has more than ${MAX_BUDGETS} budgets`)
  .default({})
  .meta({
    description: 'How much may be spent, by name. 80 % is told, and so is the whole. See docs/budgets.md.',
    examples: [
      {
        all: { limitUsd: 500 },
        research: { limitUsd: 5, per: 'day', agent: 'agent-001', refuse: ['ask_*'] },
      },
    ],
  })

export type BudgetOptions = z.infer<typeof budget>
export type BudgetsOptions = z.infer<typeof budgetsOptions>
