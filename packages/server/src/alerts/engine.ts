import { Book } from './book.js'
import { Conditions } from './conditions.js'
import type {
  AlertRecord,
  Change,
  HistoryEntry,
  MessageRecord,
  Pulse,
  Report,
  Silence,
  Step,
  Table,
} from './contract.js'
import { type ChannelTraits, Groups } from './groups.js'
import { compileMatchers } from './matchers.js'
import type { AlertsOptions, QuietTimes } from './options.js'
import { Outbox, type OutboxLimits, type Outcome } from './outbox.js'
import { type CompiledSilence, createQuiet, matchedLabels, type Quiet, type QuietReason } from './quiet.js'
import { createRouter } from './routes.js'
import { rankOf } from './severity.js'

/** How long a silence that ended can still be looked at. Milliseconds. */
const ENDED_SILENCE_MS = 86_400_000
/** Most silences at a time, with those that ended and can still be looked at: these go first. */
export const MAX_SILENCES = 1000

export interface EngineSetup {
  readonly options: AlertsOptions
  /** Whom the default routes tell of HIGH and CRITICAL beside the log. */
  readonly graveToo: readonly string[]
  readonly traitsOf: (channel: string) => (ChannelTraits & OutboxLimits) | undefined
  /** What was kept, as changes that were not taken back. */
  readonly kept: Iterable<Change>
  /** Milliseconds since 1970. */
  readonly now: number
}

/** Which alerts a person looks at. */
export interface AlertsQuery {
  /** Most alerts. Default: all. */
  readonly limit?: number
  /** Only those behind this place: `next` of the page before. */
  readonly after?: string
  /** Only those whose fingerprint begins with it. */
  readonly prefix?: string
}

/** Alerts in the order of `placeOf`. */
export interface AlertsPage {
  readonly alerts: readonly Shown[]
  /** `after` of the next page; absent on the last. */
  readonly next?: string
}

/** An alert as a person looks at it. */
export interface Shown {
  readonly alert: AlertRecord
  /** Why nobody is told of it, and by which silence, window or alert. */
  readonly quiet?: { readonly reason: QuietReason; readonly by: string }
  /** Channels that its routes name, but for those routes that are mute while others are not. */
  readonly channels: readonly string[]
}

/**
 * From conditions to messages. Pure: every call says what time it is, and `take` gives what has to be kept and sent since
 * the call before, in one piece. Call `tick` at `dueAt` at the latest.
 */
export class AlertEngine {
  readonly #book = new Book()
  readonly #conditions: Conditions
  readonly #groups: Groups
  readonly #outbox: Outbox
  #quietAt: ReturnType<typeof createQuiet>['at']
  #mutedBy: ReturnType<typeof createQuiet>['mutedBy']
  #options: AlertsOptions
  readonly #routesOf: (alert: AlertRecord) => ReturnType<ReturnType<typeof createRouter>>
  readonly #silences = new Map<string, CompiledSilence>()
  #now: number

  /** Throws a SyntaxError for a matcher of the options that is none. */
  constructor({ options, graveToo, traitsOf, kept, now }: EngineSetup) {
    this.#now = now
    this.#options = options
    for (const { table, key, record } of kept) if (record) this.#book.put(table, key, record, true)
    const route = createRouter(options, graveToo)
    const { at, mutedBy } = createQuiet(options)
    this.#quietAt = at
    this.#mutedBy = mutedBy
    this.#routesOf = (alert) => route(matchedLabels(alert))
    for (const silence of [...this.#book.all('silence')]) this.#takeUp(silence, now)
    const { resolveTimeoutMs, maxAlerts } = options
    const watcher = {
      fired: (alert: AlertRecord) => this.#groups.fired(alert, this.#now),
      resolved: (alert: AlertRecord) => this.#groups.resolved(alert),
    }
    this.#conditions = new Conditions({ book: this.#book, watcher, resolveTimeoutMs, maxAlerts })
    this.#outbox = new Outbox(this.#book, traitsOf)
    this.#groups = new Groups({
      book: this.#book,
      routesOf: this.#routesOf,
      isMuted: (route, now) => this.#mutedBy(route, now) !== undefined,
      traitsOf,
      post: (notification, besides) => this.#outbox.post(notification, besides, this.#now),
      onSettled: (alert) => this.#conditions.forget(alert),
    })
    this.#conditions.restored(now)
    this.#adopt()
  }

  /** Windows of maintenance and named times from now on. Throws a SyntaxError for a matcher that is none. */
  keepQuiet(wanted: QuietTimes): void {
    this.#options = { ...this.#options, ...wanted }
    const { at, mutedBy } = createQuiet(this.#options)
    this.#quietAt = at
    this.#mutedBy = mutedBy
  }

  /** Alerts refused because there were too many. */
  get refused(): number {
    return this.#conditions.refused
  }

  /** How many alerts are in each state, and how many of those that fire, acknowledged or not, are critical. */
  states(): {
    readonly pending: number
    readonly firing: number
    readonly acknowledged: number
    readonly critical: number
  } {
    const counts = { pending: 0, firing: 0, acknowledged: 0, resolved: 0, critical: 0 }
    for (const { state, severity } of this.#book.all('alert')) {
      counts[state]++
      if (severity === 'CRITICAL' && (state === 'firing' || state === 'acknowledged')) counts.critical++
    }
    const { resolved: _, ...states } = counts
    return states
  }

  /** How many of what there is. */
  size(table: Table): number {
    return this.#book.size(table)
  }

  report(report: Report, now: number): void {
    this.#now = now
    this.#conditions.report(report, now)
  }

  pulse(pulse: Pulse, now: number): void {
    this.#now = now
    this.#conditions.pulse(pulse, now)
  }

  /** Somebody knows of it, until it is resolved. False: it does not fire. */
  acknowledge(fingerprint: string, by: string, comment: string, now: number): boolean {
    const alert = this.#book.get('alert', fingerprint)
    if (alert?.state !== 'firing' && alert?.state !== 'acknowledged') return false
    const known: AlertRecord = { ...alert, state: 'acknowledged', acknowledgement: { by, comment, at: now } }
    this.#book.put('alert', fingerprint, known)
    this.#book.happened({ at: now, what: 'acknowledged', fingerprint, labels: alert.labels, by, comment })
    this.#groups.acknowledged(known, now)
    return true
  }

  /** Takes an acknowledgement back. False: there is none. */
  unacknowledge(fingerprint: string, by: string, now: number): boolean {
    const alert = this.#book.get('alert', fingerprint)
    if (alert?.state !== 'acknowledged') return false
    const { acknowledgement: _, ...rest } = alert
    const firing: AlertRecord = { ...rest, state: 'firing' }
    this.#book.put('alert', fingerprint, firing)
    this.#book.happened({ at: now, what: 'unacknowledged', fingerprint, labels: alert.labels, by })
    this.#groups.acknowledged(firing, now)
    return true
  }

  /** Keeps what matches quiet. False: there are MAX_SILENCES already. Throws a SyntaxError as `compiled` does. */
  silence(silence: Silence, now: number): boolean {
    const meant = compiled(silence)
    if (!this.#hasRoomFor(silence.id, now)) return false
    this.#silences.set(silence.id, meant)
    this.#book.put('silence', silence.id, silence)
    const { by, comment, matchers } = silence
    this.#book.happened({ at: now, what: 'silenced', labels: { silence: matchers.join(', ') }, by, comment })
    return true
  }

  /** Ends a silence now. False: there is none, or it ended. */
  unsilence(id: string, by: string, now: number): boolean {
    const silence = this.#book.get('silence', id)
    if (!silence || silence.endsAt <= now) return false
    this.#endSilence(silence, now, { by })
    return true
  }

  /** Does what time alone brings: ends, messages, digests. */
  tick(now: number): void {
    this.#now = now
    this.#conditions.tick(now)
    for (const { id, endsAt } of [...this.#book.all('silence')])
      if (now - endsAt >= ENDED_SILENCE_MS) this.#forgetSilence(id)
    let quiet: Quiet | undefined
    this.#outbox.tick(now)
    this.#groups.tick(now, () => {
      quiet ??= this.#quiet(now)
      return quiet
    })
  }

  /** The message that this channel is to be sent now; it counts as being sent until `settle`. */
  next(channel: string, now: number): MessageRecord | undefined {
    return this.#outbox.next(channel, now)
  }

  /** What became of a message that `next` gave. */
  settle(id: string, outcome: Outcome, now: number): void {
    this.#outbox.settle(id, outcome, now)
  }

  /** Word of a message that its far end had accepted. False: none waits for it. */
  delivered(channel: string, receipt: string, problem: string | undefined, now: number): boolean {
    return this.#outbox.delivered(channel, receipt, problem, now)
  }

  /** Channels that are to be sent something now, and are not being sent anything. */
  waiting(now: number): readonly string[] {
    return this.#outbox.waiting(now)
  }

  /** Messages that nobody got since this engine was made: given up, refused by their channel, or dropped for want of room. */
  get lost(): number {
    return this.#outbox.lost
  }

  /** When `tick` has something to do; infinite while there is nothing. */
  dueAt(now: number): number {
    let due = Math.min(this.#groups.dueAt(now), this.#outbox.dueAt())
    for (const { state, expiresAt, clearedAt, keepFiringForMs } of this.#book.all('alert')) {
      if (state === 'resolved') continue
      due = Math.min(due, expiresAt, clearedAt === undefined ? expiresAt : clearedAt + keepFiringForMs)
    }
    return due
  }

  /** What has to be kept, and sent, since the last call: all of it or nothing. */
  take(): Step {
    return this.#book.take()
  }

  /** Alerts, each with why it is quiet: what fires first, then what is pending, then what is over; of these the gravest. */
  alerts(now: number, { limit = Number.POSITIVE_INFINITY, after = '', prefix = '' }: AlertsQuery = {}): AlertsPage {
    const places: { readonly place: string; readonly alert: AlertRecord }[] = []
    for (const alert of this.#book.all('alert')) {
      const place = placeOf(alert)
      if (place > after && alert.fingerprint.startsWith(prefix)) places.push({ place, alert })
    }
    places.sort((one, other) => (one.place < other.place ? -1 : 1))
    const page = places.slice(0, limit)
    const quiet = this.#quiet(now)
    const alerts = page.map(({ alert }): Shown => {
      const routes = this.#routesOf(alert).map((route) => ({ route, by: this.#mutedBy(route, now) }))
      const open = routes.filter(({ by }) => by === undefined)
      const muted = open.length === 0 && { reason: 'times' as const, by: routes[0]?.by ?? '' }
      const reason = alert.state === 'resolved' ? undefined : (quiet.reasonOf(alert) ?? muted)
      const channels = [...new Set((muted ? routes : open).flatMap(({ route }) => route.channels))]
      return { alert, channels, ...(reason && { quiet: reason }) }
    })
    return { alerts, ...(page.length < places.length && { next: page.at(-1)?.place ?? after }) }
  }

  /** Silences, also those that ended within a day. */
  silences(): readonly Silence[] {
    return [...this.#book.all('silence')]
  }

  /** Goes on with a silence that was kept. One that would be refused now ends: an earlier version took it. */
  #takeUp(silence: Silence, now: number): void {
    try {
      this.#silences.set(silence.id, compiled(silence))
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
      if (silence.endsAt > now) this.#endSilence(silence, now, { comment: error.message })
    }
  }

  #hasRoomFor(id: string, now: number): boolean {
    if (this.#book.size('silence') < MAX_SILENCES || this.#book.get('silence', id)) return true
    const [first, ...others] = this.#book.all('silence')
    const oldest = others.reduce((one, other) => (other.endsAt < one.endsAt ? other : one), first!)
    if (oldest.endsAt > now) return false
    this.#forgetSilence(oldest.id)
    return true
  }

  #forgetSilence(id: string): void {
    this.#silences.delete(id)
    this.#book.remove('silence', id)
  }

  /** It stays among the silences for a while, for people to look at. */
  #endSilence(silence: Silence, now: number, why: Pick<HistoryEntry, 'by' | 'comment'>): void {
    this.#silences.delete(silence.id)
    this.#book.put('silence', silence.id, {
      ...silence,
      startsAt: Math.min(silence.startsAt, now),
      endsAt: now,
    })
    this.#book.happened({ at: now, what: 'unsilenced', labels: { silence: silence.matchers.join(', ') }, ...why })
  }

  #quiet(now: number): Quiet {
    return this.#quietAt(now, [...this.#book.all('alert')], this.#silences.values())
  }

  /** Routes may have changed since what fires was kept: it gets the groups that it lacks. */
  #adopt(): void {
    for (const alert of [...this.#book.all('alert')]) {
      if (alert.state === 'firing' || alert.state === 'acknowledged') this.#groups.fired(alert, this.#now)
      if (alert.state === 'resolved') this.#groups.resolved(alert)
    }
  }
}

const STATE_PLACES = { firing: 0, acknowledged: 0, pending: 4, resolved: 8 } as const

/** Where an alert stands among all, as text that sorts: two digits for its state and severity, then its fingerprint. */
function placeOf({ state, severity, fingerprint }: AlertRecord): string {
  const place = STATE_PLACES[state] + rankOf('CRITICAL') - rankOf(severity)
  return `${String(place).padStart(2, '0')}-${fingerprint}`
}

/**
 * Throws a SyntaxError for a matcher that is none, and where all of them match a label that is not there, as in Alertmanager:
 * a value left out (`server=`) would hide every alert without that label.
 */
function compiled(silence: Silence): CompiledSilence {
  const matches = compileMatchers(silence.matchers)
  if (matches({}))
    throw new SyntaxError(
      `a silence needs one matcher at least that does not match the empty text, such as server="notes"; these do: ${silence.matchers.join(', ')}`,
    )
  return { silence, matches }
}
