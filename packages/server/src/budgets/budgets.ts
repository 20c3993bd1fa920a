import type { EventOf } from '@mcp-vitals/instrument/event'
import { Budget, FORECAST_DAYS, type Turn } from './budget.js'
import type { BudgetsOptions } from './options.js'
import { DAY_MS } from './window.js'

/** A call at the gateway, before it is passed on. */
export interface PaidCall {
  readonly tool: string
  readonly agent: string | undefined
}

/** A budget that lets no more calls pass. */
export interface Spent {
  readonly budget: string
  /** Until the next window begins. */
  readonly waitMs: number
}

export interface Reading {
  readonly budget: string
  readonly spentUsd: number
  readonly limitUsd: number
  /** At the end of the month; for budgets by the month, once an hour is known. */
  readonly forecastUsd: number | undefined
}

/** What is spent, against what may be. Pure: every time is handed in, milliseconds since 1970. */
export interface Budgets {
  /** From when on events must be told again at a start, so that nothing that counts is missing. */
  readonly since: number
  /** Counts what was spent, and gives what there is to tell. */
  spend(event: EventOf<'usage'>, now: number): readonly Turn[]
  /** Begins the windows that are due, and gives what there is to tell. To be called every few seconds. */
  renew(now: number): readonly Turn[]
  /** Whether some budget refuses calls when its limit is reached. */
  readonly refuses: boolean
  /** The budget that lets this call not pass: of several the one that will wait longest. */
  spent(call: PaidCall, now: number): Spent | undefined
  readings(now: number): readonly Reading[]
}

export interface BudgetsNeeds {
  readonly budgets: BudgetsOptions
  readonly now: number
  /** Makes of patterns a function that says whether a name is meant. */
  readonly match: (patterns: readonly string[]) => (name: string) => boolean
}

/** Creates the budgets, with nothing spent yet. */
export function createBudgets({ budgets: options, now, match }: BudgetsNeeds): Budgets {
  const since = now - FORECAST_DAYS * DAY_MS
  const all = Object.entries(options).map(([name, each]) => ({
    name,
    budget: new Budget(name, each, now, since),
    refuses: each.refuse.length > 0 ? match(each.refuse) : undefined,
  }))
  const starts = all.map(({ budget }) => budget.window.startMs)

  return {
    since: Math.min(since, ...starts),
    spend(event, at) {
      return all.flatMap(({ budget }) => [budget.renew(at), budget.spend(event, at)].filter(isTurn))
    },
    renew: (at) => all.map(({ budget }) => budget.renew(at)).filter(isTurn),
    refuses: all.some(({ refuses }) => refuses),
    spent({ tool, agent }, at) {
      let longest: Spent | undefined
      for (const { name, budget, refuses } of all) {
        const { options: set, window } = budget
        if (!refuses?.(tool) || !budget.isReached || at >= window.endMs) continue
        if ((set.agent ?? agent) !== agent || (set.tool ?? tool) !== tool) continue
        const waitMs = window.endMs - at
        if (waitMs > (longest?.waitMs ?? 0)) longest = { budget: name, waitMs }
      }
      return longest
    },
    readings: (at) =>
      all.map(({ name, budget }) => ({
        budget: name,
        spentUsd: at < budget.window.endMs ? budget.spentUsd : 0,
        limitUsd: budget.options.limitUsd,
        forecastUsd: budget.forecastUsd(at),
      })),
  }
}

function isTurn(turn: Turn | undefined): turn is Turn {
  return turn !== undefined
}
