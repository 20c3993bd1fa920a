import {
  AlertEngine,
  type Change,
  type ChannelTraits,
  type Condition,
  type HistoryEntry,
  type Labels,
  type Notification,
  type OutboxLimits,
  type Report,
} from '../../../packages/server/src/alerts/index.js'
import { alertsOptions } from '../../../packages/server/src/alerts/options.js'

export const SECOND_MS = 1000
export const MINUTE_MS = 60_000
/** A Sunday, noon UTC. */
export const START = Date.UTC(2026, 10, 29, 12)

export const condition = (labels: Labels, annotations: Labels = {}): Condition => ({ labels, annotations })
export const named = (alertname: string, severity = 'critical', more: Labels = {}): Condition =>
  condition({ alertname, severity, ...more })

type Traits = ChannelTraits & OutboxLimits
const TRAITS: Traits = {
  sendsResolved: true,
  sendsAcknowledged: true,
  fallbackAfterMs: 120_000,
  giveUpAfterMs: 86_400_000,
  receiptTimeoutMs: 600_000,
}

/** An engine with a clock that a test turns, and everything that it wanted kept and sent. */
export class World {
  now = START
  readonly sent: Notification[] = []
  readonly history: HistoryEntry[] = []
  readonly kept = new Map<string, Change>()
  engine: AlertEngine
  #options: unknown
  readonly #traits: Readonly<Record<string, Partial<Traits>>>

  constructor(options: unknown = {}, traits: Readonly<Record<string, Partial<Traits>>> = {}) {
    this.#options = options
    this.#traits = traits
    this.engine = this.#open()
  }

  /** What happens while the daemon is away, and what its configuration is afterwards. */
  restart(options: unknown = this.#options): void {
    this.#options = options
    this.engine = this.#open()
    this.commit()
  }

  report(conditions: readonly Condition[], more: Partial<Report> = {}): void {
    this.engine.report({ source: 'rules', evidence: 'seen', conditions, ...more }, this.now)
    this.settle()
  }

  /** Lets time pass; what holds is reported every 15 seconds, as rules do. */
  pass(ms: number, holding: readonly Condition[] | undefined = undefined, more: Partial<Report> = {}): void {
    const end = this.now + ms
    let reportAt = this.now + 15 * SECOND_MS
    while (this.now < end) {
      this.now = Math.min(end, Math.max(this.now, this.engine.dueAt(this.now)), holding ? reportAt : end)
      if (holding && this.now === reportAt) {
        this.engine.report({ source: 'rules', evidence: 'seen', conditions: holding, ...more }, this.now)
        reportAt += 15 * SECOND_MS
      }
      this.settle()
    }
  }

  settle(): void {
    this.engine.tick(this.now)
    this.commit()
  }

  commit(): void {
    for (const channel of this.engine.waiting(this.now)) this.#deliver(channel)
    const { changes, history } = this.engine.take()
    for (const change of changes)
      if (change.record) this.kept.set(`${change.table} ${change.key}`, change)
      else this.kept.delete(`${change.table} ${change.key}`)
    this.history.push(...history.filter(({ what }) => what !== 'sent'))
  }

  /** Takes the messages so far away. */
  taken(): readonly Notification[] {
    return this.sent.splice(0)
  }

  states(): Readonly<Record<string, string>> {
    return Object.fromEntries(
      this.engine.alerts(this.now).alerts.map(({ alert }) => [alert.labels.alertname ?? '', alert.state]),
    )
  }

  fingerprint(alertname: string): string {
    return this.engine.alerts(this.now).alerts.find(({ alert }) => alert.labels.alertname === alertname)!.alert
      .fingerprint
  }

  /** Every channel takes everything at once. */
  #deliver(channel: string): void {
    for (;;) {
      const message = this.engine.next(channel, this.now)
      if (!message) return
      this.sent.push(message.notification)
      this.engine.settle(message.notification.id, { is: 'sent' }, this.now)
    }
  }

  #open(): AlertEngine {
    return new AlertEngine({
      options: alertsOptions.parse(this.#options),
      graveToo: ['whatsapp'],
      traitsOf: (channel) => ({ ...TRAITS, ...this.#traits[channel] }),
      kept: structuredClone([...this.kept.values()]),
      now: this.now,
    })
  }
}

/** Of each message: to whom, why, and which alerts in which state. */
export function told(notifications: readonly Notification[]): readonly string[] {
  return notifications.map(
    ({ channel, reason, alerts }) =>
      `${channel} ${reason}: ${alerts.map(({ labels, state }) => `${labels.alertname} ${state}`).join(', ')}`,
  )
}
