import type { AlertEngine, AlertsQuery, Change, HistoryEntry, QuietTimes, Step } from '../alerts/index.js'
import type { AlertDatabase } from './database.js'
import type { Act, Calls, Figures, Orders, Turn } from './protocol.js'

/** How often old history is looked for. Milliseconds. */
const HISTORY_EVERY_MS = 60_000
const DAY_MS = 86_400_000
/** Most entries of the history that wait for a disk that is full; the oldest go. */
const MAX_UNSAVED_HISTORY = 10_000

export interface KeeperSetup {
  readonly database: AlertDatabase
  readonly engine: AlertEngine
  readonly historyDays: number
  /** Told once when the disk refuses a step, and once (undefined) when it takes one again. */
  readonly onDisk: (error: unknown) => void
  /** Told of what each step came to. */
  readonly onHistory: (entries: readonly HistoryEntry[]) => void
}

/**
 * The engine and what it must not forget: each turn is kept in one transaction before anything of it is sent. While the
 * disk refuses, alerts go on from memory and are sent all the same, and everything is kept when it takes them again.
 */
export class Keeper {
  readonly #setup: KeeperSetup
  #unsaved = new Map<string, Change>()
  #unsavedHistory: HistoryEntry[] = []
  #isRefused = false
  #historyAt = 0

  constructor(setup: KeeperSetup) {
    this.#setup = setup
  }

  turn({ reports, pulses, settled }: Turn, now: number): Orders {
    const { engine, database, historyDays } = this.#setup
    for (const { id, outcome } of settled) engine.settle(id, outcome, now)
    for (const report of reports) engine.report(report, now)
    for (const pulse of pulses) engine.pulse(pulse, now)
    engine.tick(now)
    const messages = engine.waiting(now).flatMap((channel) => engine.next(channel, now) ?? [])
    this.#keep(engine.take())
    if (now - this.#historyAt >= HISTORY_EVERY_MS && !this.#isRefused) {
      // More than one step's worth is left for the next turn.
      if (!database.removeHistory(now - historyDays * DAY_MS)) this.#historyAt = now
    }
    return { messages, dueAt: engine.dueAt(now), figures: this.#figures(now) }
  }

  act(act: Act, now: number): boolean {
    const done = this.#do(act, now)
    this.#keep(this.#setup.engine.take())
    return done
  }

  alerts(query: AlertsQuery, now: number): Calls['alerts']['reply'] {
    return this.#setup.engine.alerts(now, query)
  }

  keepQuiet(wanted: QuietTimes): void {
    this.#setup.engine.keepQuiet(wanted)
  }

  silences(): Calls['silences']['reply'] {
    return this.#setup.engine.silences()
  }

  history(query: Calls['history']['request']): Calls['history']['reply'] {
    return this.#setup.database.history(query)
  }

  close(): void {
    this.#save({ changes: [], history: [] })
    this.#setup.database.close()
  }

  #do(act: Act, now: number): boolean {
    const { engine } = this.#setup
    switch (act.do) {
      case 'acknowledge':
        return engine.acknowledge(act.fingerprint, act.by, act.comment, now)
      case 'unacknowledge':
        return engine.unacknowledge(act.fingerprint, act.by, now)
      case 'silence':
        return engine.silence(act.silence, now)
      case 'unsilence':
        return engine.unsilence(act.id, act.by, now)
      case 'delivered':
        return engine.delivered(act.channel, act.receipt, act.problem, now)
    }
  }

  #keep(step: Step): void {
    this.#save(step)
    if (step.history.length > 0) this.#setup.onHistory(step.history)
  }

  #save({ changes, history }: Step): void {
    for (const change of changes) this.#unsaved.set(`${change.table} ${change.key}`, change)
    this.#unsavedHistory.push(...history)
    if (this.#unsaved.size === 0 && this.#unsavedHistory.length === 0) return
    try {
      this.#setup.database.save({ changes: [...this.#unsaved.values()], history: this.#unsavedHistory })
    } catch (error) {
      if (!this.#isRefused) this.#setup.onDisk(error)
      this.#isRefused = true
      this.#unsavedHistory = this.#unsavedHistory.slice(-MAX_UNSAVED_HISTORY)
      return
    }
    this.#unsaved = new Map()
    this.#unsavedHistory = []
    if (this.#isRefused) this.#setup.onDisk(undefined)
    this.#isRefused = false
  }

  #figures(now: number): Figures {
    const { engine } = this.#setup
    return {
      ...engine.states(),
      waitingMessages: engine.size('message'),
      silences: engine.silences().filter(({ endsAt }) => endsAt > now).length,
      refusedAlerts: engine.refused,
      lostMessages: engine.lost,
    }
  }
}
