export type { Stage, Turn } from './budget.js'
export { type Budgets, type BudgetsNeeds, createBudgets, type PaidCall, type Reading, type Spent } from './budgets.js'
export type { BudgetsOptions } from './options.js'
