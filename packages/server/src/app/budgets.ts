import { type EventOf, event, OWN_SERVER } from '@mcp-vitals/instrument/event'
import { CATALOGUE, type Registry } from '@mcp-vitals/instrument/metrics'
import type { Fold, Publish } from '@mcp-vitals/instrument/stream'
import { type Budgets, createBudgets, type Turn } from '../budgets/index.js'
import type { Config } from '../config/index.js'
import { createGlobs, type Purse } from '../doors/index.js'
import type { Store } from '../store/index.js'

/** How often it is looked whether a new window has begun, milliseconds. */
const RENEW_MS = 5000
/** Events of one page, and pages read at a start: a million events, some ten seconds. What is older is not counted. */
const PAGE_SIZE = 10_000
const MAX_PAGES = 100
const SEVERITIES = { warned: 'MEDIUM', reached: 'HIGH', renewed: 'LOW' } as const

export interface BudgetsNeeds {
  readonly options: Config['budgets']
  readonly publish: Publish
  readonly registry: Registry
}

export interface LiveBudgets {
  readonly fold: Fold
  readonly purse: Purse
  /** What each budget has come to now. */
  readings(): ReturnType<Budgets['readings']>
  /**
   * Counts what was spent before this start, as far as the store holds it. What was told of it is not told again, and what
   * was not, as it came in the last moment or the budget is new, is told now. Rejects as the store does.
   */
  restore(store: Pick<Store, 'read'>): Promise<void>
  stop(): void
}

/** Counts what is spent against the budgets of the configuration, and publishes what they come to. */
export function startBudgets({ options, publish, registry }: BudgetsNeeds): LiveBudgets {
  const budgets = createBudgets({ budgets: options, now: Date.now(), match: createGlobs })
  const hasSome = Object.keys(options).length > 0
  // After the event that brought it has reached every fold and queue.
  const tell = (turns: readonly Turn[]) => {
    for (const turn of turns) queueMicrotask(() => publish(told(turn, budgets, Date.now())))
  }
  if (hasSome) expose(registry, budgets)
  const timer = hasSome ? setInterval(() => tell(budgets.renew(Date.now())), RENEW_MS) : undefined
  timer?.unref()
  return {
    fold: {
      name: 'budgets',
      fold(seen) {
        if (seen.type === 'usage') tell(budgets.spend(seen, Date.now()))
      },
    },
    purse: { refuses: budgets.refuses, spent: (call) => budgets.spent(call, Date.now()) },
    readings: () => budgets.readings(Date.now()),
    async restore(store) {
      if (!hasSome) return
      const newest = new Map<string, Turn>()
      for (const spent of await readAll(store, budgets.since))
        for (const turn of budgets.spend(spent, Date.now())) newest.set(turn.budget, turn)
      const before = (await store.read({ type: 'budget', since: budgets.since })) as readonly EventOf<'budget'>[]
      const isTold = ({ budget, stage, limitUsd, startMs }: Turn) =>
        before.some(
          (one) =>
            one.at >= startMs &&
            one.budget === budget &&
            one.limitUsd === limitUsd &&
            rankOf(one.stage) >= rankOf(stage),
        )
      tell([...newest.values()].filter((turn) => !isTold(turn)))
    },
    stop: () => clearInterval(timer),
  }
}

const rankOf = (stage: Turn['stage']) => ['renewed', 'warned', 'reached'].indexOf(stage)

function told({ startMs: _, ...turn }: Turn, budgets: Budgets, at: number): EventOf<'budget'> {
  const forecastUsd = budgets.readings(at).find(({ budget }) => budget === turn.budget)?.forecastUsd
  return event(
    'budget',
    at,
    { server: OWN_SERVER },
    {
      ...turn,
      severity: SEVERITIES[turn.stage],
      ...(forecastUsd !== undefined && { forecastUsd }),
    },
  )
}

/** What was spent since then, the oldest first. */
async function readAll(store: Pick<Store, 'read'>, since: number): Promise<readonly EventOf<'usage'>[]> {
  const found: EventOf<'usage'>[] = []
  let until: number | undefined
  for (let page = 0; page < MAX_PAGES; page++) {
    const query = { type: 'usage', since, limit: PAGE_SIZE, ...(until !== undefined && { until }) } as const
    const events = (await store.read(query)) as readonly EventOf<'usage'>[]
    const oldest = events.at(-1)?.at
    if (oldest === undefined) break
    if (events.length < PAGE_SIZE) {
      found.push(...events)
      break
    }
    // A page may end within a millisecond: that one is read again, as a whole, unless it fills a page alone.
    const whole = events.filter(({ at }) => at > oldest)
    found.push(...(whole.length > 0 ? whole : events))
    until = whole.length > 0 ? oldest + 1 : oldest
  }
  return found.reverse()
}

function expose(registry: Registry, budgets: Budgets): void {
  const { budget_spent_usd, budget_limit_usd, budget_forecast_usd } = CATALOGUE.mcp
  registry.onCollect(() => {
    for (const { budget, spentUsd, limitUsd, forecastUsd } of budgets.readings(Date.now())) {
      registry.gauge(budget_spent_usd).with(budget).set(spentUsd)
      registry.gauge(budget_limit_usd).with(budget).set(limitUsd)
      if (forecastUsd !== undefined) registry.gauge(budget_forecast_usd).with(budget).set(forecastUsd)
    }
  })
}
