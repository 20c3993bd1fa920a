import { join } from 'node:path'
import type {
  AlertsOptions,
  AlertsQuery,
  ChannelTraits,
  HistoryEntry,
  MessageRecord,
  Notification,
  OutboxLimits,
  Outcome,
  Pulse,
  QuietTimes,
  Report,
} from '../alerts/index.js'
import { type VitalsError, vitalsError } from '../errors/index.js'
import { moveDatabaseAside } from '../sqlite/index.js'
import { startThread, type Thread } from '../threads/index.js'
import type { Act, Calls, Figures, HistoryQuery, Told, WorkerData } from './protocol.js'

/** Name of the alerts' database in the state directory. */
export const ALERTS_FILE = 'alerts.db'
/** Events wait so long for others, milliseconds. */
const LINGER_MS = 50
/** Room for the thread's young objects: many alerts at once would otherwise have it grow to 48 MiB, for no speed. Mebibytes. */
const YOUNG_MEBIBYTES = 8
/** Pause before a turn that failed, its thread being away, is tried again. Milliseconds. */
const RETRY_MS = 500
/** Longest sleep: clocks may be set forward. Milliseconds. */
const LONGEST_SLEEP_MS = 30_000
/** Most sources whose newest report waits; beyond it the newest are dropped and counted. */
const MAX_REPORTS = 1000

/** Where messages go, as the pager sees it. */
export interface PagerChannel {
  readonly traits: ChannelTraits & OutboxLimits
  /** How long one try may take, milliseconds. */
  readonly timeoutMs: number
  /** Sends one message. A rejection counts as a failure that may pass. */
  send(notification: Notification, signal: AbortSignal): Promise<Outcome>
}

export interface PagerSetup {
  /** The state directory. Its `alerts.db` holds the alerts. One pager per directory: hold the directory's lock. */
  readonly dir: string
  readonly options: AlertsOptions
  /** Whom the default routes tell of HIGH and CRITICAL beside the log. */
  readonly graveToo: readonly string[]
  readonly channels: Readonly<Record<string, PagerChannel>>
  /** Told of what went wrong without a caller. Must not throw. */
  readonly onFault: (error: VitalsError) => void
  /** Told of each try that failed: the channel, and why in words without secrets. Must not throw. */
  readonly onTrouble?: (channel: string, problem: string) => void
  /** Told of what became of alerts, silences and messages, once it is kept. Must not throw. */
  readonly onHistory?: (entries: readonly HistoryEntry[]) => void
}

/** What the pager did since it was opened. */
export interface PagerStats extends Partial<Figures> {
  /** Messages by channel. */
  readonly sent: Readonly<Record<string, number>>
  /** Tries that failed, by channel. */
  readonly failed: Readonly<Record<string, number>>
  /** Reports and pulses that were dropped because too many waited. */
  readonly dropped: number
  readonly restarts: number
}

/** Alerts, kept and told. Only promises of acts and questions reject, with a registered error. */
export interface Pager {
  /** Takes what a source sees now; the newest of each source counts. Never blocks, never throws. */
  report(report: Report): void
  /**
   * Takes what happened. What comes at once waits together for its turn: as many alerts of it as there may be at all;
   * beyond it the newest are dropped and counted. Never blocks, never throws.
   */
  pulse(pulse: Pulse): void
  /** Does what a person wants; kept when it resolves. False: there is nothing of that kind to act on. */
  act(act: Act): Promise<boolean>
  /** All alerts, or a page of them. */
  alerts(query?: AlertsQuery): Promise<Calls['alerts']['reply']>
  /**
   * Windows of maintenance and named times from now on. Where the thread is away it has them when it is back. Rejects with
   * ALERTS_FAILED for a matcher that is none.
   */
  keepQuiet(wanted: QuietTimes): Promise<void>
  silences(): Promise<Calls['silences']['reply']>
  history(query: HistoryQuery): Promise<Calls['history']['reply']>
  stats(): PagerStats
  /** Whether alerts are kept, and if not, why. */
  health(): { readonly ok: boolean; readonly reason?: string }
  /** Keeps what waits, lets messages that are being sent end, and closes the file. Idempotent. */
  close(): Promise<void>
}

/** Opens the pager, making or migrating its file; what waited there is sent. Rejects with ALERTS_FAILED or STORE_SCHEMA_NEWER. */
export async function openPager(setup: PagerSetup): Promise<Pager> {
  const { dir, options, graveToo, channels, onFault, onHistory } = setup
  const file = join(dir, ALERTS_FILE)
  const traits = Object.fromEntries(Object.entries(channels).map(([name, { traits }]) => [name, traits]))
  let quiet: QuietTimes = options
  const failed = (action: string, reason: string) => vitalsError('ALERTS_FAILED', { file, action, reason })
  const thread = await startThread<Calls>({
    program: new URL('../pager/worker.js', import.meta.url),
    data: (): WorkerData => ({ file, options: { ...options, ...quiet }, graveToo, traits }),
    failed,
    moveAside(reason) {
      try {
        return vitalsError('ALERTS_CORRUPT', { file, reason, moved: moveDatabaseAside(file, new Date()) })
      } catch (error) {
        throw failed('be moved aside', (error as Error).message)
      }
    },
    onFault,
    onTold: (entries: Told) => onHistory?.(entries),
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MEBIBYTES },
  })
  return new RunningPager(setup, thread, (wanted) => {
    quiet = wanted
  })
}

class RunningPager implements Pager {
  readonly #setup: PagerSetup
  readonly #thread: Thread<Calls>
  /** Of what a thread that is started again begins with. */
  readonly #remember: (quiet: QuietTimes) => void
  readonly #reports = new Map<string, Report>()
  readonly #pulses = new Map<string, Pulse>()
  #settled: { readonly id: string; readonly outcome: Outcome }[] = []
  readonly #sending = new Map<string, Promise<void>>()
  readonly #sent = new Map<string, number>()
  readonly #failed = new Map<string, number>()
  #dropped = 0
  #figures: Figures | undefined
  #timer: NodeJS.Timeout | undefined
  #timerAt = Number.POSITIVE_INFINITY
  #turning: Promise<void> | undefined
  #again = false
  #closing: Promise<void> | undefined

  constructor(setup: PagerSetup, thread: Thread<Calls>, remember: (quiet: QuietTimes) => void) {
    this.#setup = setup
    this.#remember = remember
    this.#thread = thread
    this.#turnIn(0)
  }

  report(report: Report): void {
    if (!this.#reports.has(report.source) && this.#reports.size >= MAX_REPORTS) this.#dropped++
    else this.#reports.set(report.source, report)
    this.#turnIn(LINGER_MS)
  }

  pulse(pulse: Pulse): void {
    const key = JSON.stringify(pulse.labels)
    const before = this.#pulses.get(key)
    if (!before && this.#pulses.size >= this.#setup.options.maxAlerts) this.#dropped++
    else this.#pulses.set(key, { ...pulse, count: (before?.count ?? 0) + (pulse.count ?? 1) })
    this.#turnIn(LINGER_MS)
  }

  async act(act: Act): Promise<boolean> {
    const done = await this.#thread.call('act', { act, now: Date.now() })
    this.#turnIn(0)
    return done
  }

  alerts(query: AlertsQuery = {}) {
    return this.#thread.call('alerts', { query, now: Date.now() })
  }

  async keepQuiet(wanted: QuietTimes): Promise<void> {
    this.#remember(wanted)
    await this.#thread.call('keepQuiet', { wanted }).catch((error: VitalsError) => {
      if (!this.#thread.fault()) throw error
    })
    this.#turnIn(0)
  }

  silences() {
    return this.#thread.call('silences', {})
  }

  history(query: HistoryQuery) {
    return this.#thread.call('history', query)
  }

  stats(): PagerStats {
    return {
      ...this.#figures,
      sent: Object.fromEntries(this.#sent),
      failed: Object.fromEntries(this.#failed),
      dropped: this.#dropped,
      restarts: this.#thread.restarts(),
    }
  }

  health() {
    const fault = this.#thread.fault()
    return fault ? { ok: false, reason: fault.message } : { ok: true }
  }

  close(): Promise<void> {
    this.#closing ??= this.#end()
    return this.#closing
  }

  async #end(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#turning
    await this.#turn()
    await Promise.all(this.#sending.values())
    await this.#turn()
    clearTimeout(this.#timer)
    await this.#thread.close()
  }

  #turnIn(ms: number): void {
    const at = performance.now() + ms
    if (this.#closing || at >= this.#timerAt) return
    clearTimeout(this.#timer)
    this.#timerAt = at
    this.#timer = setTimeout(() => {
      this.#timerAt = Number.POSITIVE_INFINITY
      void this.#run()
    }, ms)
  }

  /** One turn at a time: what comes during it has the next. */
  async #run(): Promise<void> {
    if (this.#turning) {
      this.#again = true
      return
    }
    this.#turning = this.#turn().finally(() => {
      this.#turning = undefined
      if (this.#again) this.#turnIn(0)
      this.#again = false
    })
    await this.#turning
  }

  async #turn(): Promise<void> {
    const turn = { reports: [...this.#reports.values()], pulses: [...this.#pulses.values()], settled: this.#settled }
    this.#reports.clear()
    this.#pulses.clear()
    this.#settled = []
    try {
      const { messages, dueAt, figures } = await this.#thread.call('turn', { turn, now: Date.now() })
      this.#figures = figures
      if (!this.#closing) for (const message of messages) this.#send(message)
      this.#turnIn(Math.min(Math.max(dueAt - Date.now(), 0), LONGEST_SLEEP_MS))
    } catch {
      this.#settled.unshift(...turn.settled)
      // Either its thread is away, which was told of and passes, or it stumbled over what it was given: not twice.
      if (this.#thread.fault()) {
        for (const report of turn.reports)
          if (!this.#reports.has(report.source)) this.#reports.set(report.source, report)
        for (const pulse of turn.pulses) this.pulse(pulse)
      } else this.#dropped += turn.reports.length + turn.pulses.length
      this.#turnIn(RETRY_MS)
    }
  }

  /** What a thread that was started again gives out a second time is on its way already. */
  #send({ notification }: MessageRecord): void {
    const { id, channel } = notification
    if (this.#sending.has(id)) return
    const sending = this.#try(notification).then((outcome) => {
      this.#sending.delete(id)
      this.#settled.push({ id, outcome })
      if (outcome.is === 'sent' || outcome.is === 'accepted') add(this.#sent, channel)
      else {
        add(this.#failed, channel)
        this.#setup.onTrouble?.(channel, outcome.problem)
      }
      this.#turnIn(0)
    })
    this.#sending.set(id, sending)
  }

  async #try(notification: Notification): Promise<Outcome> {
    const { channels } = this.#setup
    const { channel: name } = notification
    const channel = Object.hasOwn(channels, name) ? channels[name] : undefined
    if (!channel) return { is: 'refused', problem: 'there is no such channel' }
    const signal = AbortSignal.timeout(channel.timeoutMs)
    // Not every client ends when it is told to.
    const late = new Promise<Outcome>((resolve) =>
      signal.addEventListener('abort', () =>
        resolve({ is: 'failed', problem: `gave no answer within ${channel.timeoutMs / 1000} s` }),
      ),
    )
    const tried = channel
      .send(notification, signal)
      .catch(
        (error: unknown): Outcome => ({ is: 'failed', problem: error instanceof Error ? error.name : 'it failed' }),
      )
    return Promise.race([tried, late])
  }
}

function add(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}
