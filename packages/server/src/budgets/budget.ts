import type { EventOf } from '@mcp-vitals/instrument/event'
import type { BudgetOptions } from './options.js'
import { DAY_MS, type Window, windowOf } from './window.js'

/** Share of the limit at which a budget warns. */
const WARNING_SHARE = 0.8
/** Days whose spending is taken to go on until the end of a month. */
export const FORECAST_DAYS = 7

export type Stage = EventOf<'budget'>['stage']

/** What a budget is about to tell. */
export interface Turn {
  readonly budget: string
  readonly stage: Stage
  readonly spentUsd: number
  readonly limitUsd: number
  readonly per: BudgetOptions['per']
  /** When the window began, milliseconds since 1970. */
  readonly startMs: number
}

/** One budget: what was spent in the window that runs, and, by the month, in the last days. */
export class Budget {
  readonly #name: string
  readonly #options: BudgetOptions
  #window: Window
  #spentUsd = 0
  #told: Stage = 'renewed'
  /** Spent by day of UTC, the newest days alone. */
  readonly #days = new Map<number, number>()
  /** The first day of which it is known what was spent. */
  readonly #firstDay: number

  /** `now`: milliseconds since 1970. `knownSince`: from when on all that was spent is told. */
  constructor(name: string, options: BudgetOptions, now: number, knownSince: number) {
    this.#name = name
    this.#options = options
    this.#window = windowOf(options.per, now)
    this.#firstDay = Math.floor(knownSince / DAY_MS)
  }

  get options(): BudgetOptions {
    return this.#options
  }

  get window(): Window {
    return this.#window
  }

  get spentUsd(): number {
    return this.#spentUsd
  }

  get isReached(): boolean {
    return this.#spentUsd >= this.#options.limitUsd
  }

  /** Counts money where the spending is of this budget, and gives what there is to tell: at most one thing. */
  spend(event: EventOf<'usage'>, now: number): Turn | undefined {
    const { costUsd = 0 } = event
    const { agent, tool, provider } = this.#options
    const isOurs =
      (agent === undefined || agent === event.agent) &&
      (tool === undefined || tool === event.name) &&
      (provider === undefined || provider === event.provider)
    if (!isOurs || costUsd === 0) return undefined
    const at = Math.min(event.at, now)
    const day = Math.floor(at / DAY_MS)
    this.#days.set(day, (this.#days.get(day) ?? 0) + costUsd)
    this.#forgetDays(now)
    // What belongs to a window that is over changes nothing any more.
    if (at < this.#window.startMs) return undefined
    this.#spentUsd += costUsd
    return this.#turn()
  }

  /** Begins a new window when the old one is over. Tells of it only where the old one had something to tell. */
  renew(now: number): Turn | undefined {
    if (now < this.#window.endMs) return undefined
    this.#window = windowOf(this.#options.per, now)
    this.#spentUsd = 0
    if (this.#told === 'renewed') return undefined
    return this.#tell('renewed')
  }

  /**
   * What will be spent by the end of the month: what was spent in it, and, until its end, as much a day as in the last
   * seven days (today's part counts as a part). Undefined for other windows, and before an hour is known.
   */
  forecastUsd(now: number): number | undefined {
    if (this.#options.per !== 'month') return undefined
    const today = now / DAY_MS
    const first = Math.max(Math.floor(today) - FORECAST_DAYS + 1, this.#firstDay)
    const days = today - first
    if (days < 1 / 24) return undefined
    let spent = 0
    for (const [day, usd] of this.#days) if (day >= first) spent += usd
    return this.#spentUsd + (spent / days) * ((this.#window.endMs - now) / DAY_MS)
  }

  #turn(): Turn | undefined {
    if (this.isReached) return this.#told === 'reached' ? undefined : this.#tell('reached')
    if (this.#spentUsd < WARNING_SHARE * this.#options.limitUsd || this.#told !== 'renewed') return undefined
    return this.#tell('warned')
  }

  #tell(stage: Stage): Turn {
    this.#told = stage
    const { limitUsd, per } = this.#options
    return { budget: this.#name, stage, spentUsd: this.#spentUsd, limitUsd, per, startMs: this.#window.startMs }
  }

  #forgetDays(now: number): void {
    if (this.#days.size <= FORECAST_DAYS) return
    const oldest = Math.floor(now / DAY_MS) - FORECAST_DAYS + 1
    for (const day of this.#days.keys()) if (day < oldest) this.#days.delete(day)
  }
}
