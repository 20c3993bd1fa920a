import type { Book } from './book.js'
import type { AlertRecord, Condition, Evidence, HistoryEntry, Labels, Policy, Pulse, Report } from './contract.js'
import { fingerprintOf } from './fingerprint.js'
import { severityOf } from './severity.js'

/** What watches the states of alerts. */
export interface Watcher {
  /** It fires now, and did not before. */
  fired(alert: AlertRecord): void
  /** It is over, and a person may have been told of it. */
  resolved(alert: AlertRecord): void
}

export interface ConditionsSetup {
  readonly book: Book
  readonly watcher: Watcher
  readonly resolveTimeoutMs: number
  readonly maxAlerts: number
}

/** What stands for `for` and the like in one report. */
interface Terms {
  readonly source: string
  readonly forMs: number
  readonly keepFiringForMs: number
  readonly evidence: Evidence
  /** How long alerts live without another report. */
  readonly lifeMs: number
}

/** Reports that may be missed before what they name is given up. */
const MISSED_REPORTS = 4

/** The states of alerts: what sources report becomes pending, firing, resolved. */
export class Conditions {
  readonly #setup: ConditionsSetup
  readonly #bySource = new Map<string, Set<string>>()
  #refused = 0

  constructor(setup: ConditionsSetup) {
    this.#setup = setup
    for (const alert of setup.book.all('alert')) this.#index(alert)
  }

  /** Alerts refused because there were too many. */
  get refused(): number {
    return this.#refused
  }

  /** After a restart sources need time to report again: nothing that they report expires before. */
  restored(now: number): void {
    const { book, resolveTimeoutMs } = this.#setup
    for (const alert of [...book.all('alert')])
      if (alert.state !== 'resolved' && alert.count === 0)
        book.put(
          'alert',
          alert.fingerprint,
          { ...alert, expiresAt: Math.max(alert.expiresAt, now + resolveTimeoutMs) },
          true,
        )
  }

  report(report: Report, now: number): void {
    const { source, evidence, conditions, forMs = 0, keepFiringForMs = 0, everyMs = 0 } = report
    const lifeMs = Math.max(this.#setup.resolveTimeoutMs, MISSED_REPORTS * everyMs)
    const terms = { source, forMs, keepFiringForMs, evidence, lifeMs }
    if (evidence === 'seen') {
      const named = new Set(conditions.map((condition) => this.#see(condition, terms, now)))
      this.#clearOthers(source, named, now)
      return
    }
    const policy = policyOf(report)
    if (policy === 'resolve') {
      this.#clearOthers(source, new Set(), now)
      return
    }
    for (const fingerprint of this.#bySource.get(source) ?? []) this.#doubt(fingerprint, terms, now)
    if (policy === 'alert') this.#see({ labels: missingLabels(report), annotations: missingWords(report) }, terms, now)
  }

  pulse({ source, labels, annotations, holdMs, count = 1, isOver = false }: Pulse, now: number): void {
    if (isOver) {
      const known = this.#setup.book.get('alert', fingerprintOf(labels))
      if (known && known.state !== 'resolved') this.#end(known, now, 'cleared')
      return
    }
    const terms = { source, forMs: 0, keepFiringForMs: 0, evidence: 'seen', lifeMs: holdMs } as const
    const fingerprint = this.#see({ labels, annotations }, terms, now)
    const alert = this.#setup.book.get('alert', fingerprint)
    if (alert)
      this.#setup.book.put('alert', fingerprint, {
        ...alert,
        count: Math.max(alert.count + count, 1),
        expiresAt: now + holdMs,
      })
  }

  /** Resolves what nobody tells of any more, and what was kept firing for long enough. */
  tick(now: number): void {
    for (const alert of [...this.#setup.book.all('alert')]) {
      if (alert.state === 'resolved') continue
      if (now >= alert.expiresAt) this.#end(alert, now, alert.count > 0 ? 'cleared' : 'expired')
      else if (alert.clearedAt !== undefined && now >= alert.clearedAt + alert.keepFiringForMs)
        this.#end(alert, now, 'cleared')
    }
  }

  /** Takes back that an alert is known to be there at all. */
  forget({ fingerprint, source }: AlertRecord): void {
    this.#setup.book.remove('alert', fingerprint)
    const others = this.#bySource.get(source)
    others?.delete(fingerprint)
    if (others?.size === 0) this.#bySource.delete(source)
  }

  #see(condition: Condition, terms: Terms, now: number): string {
    const { book, maxAlerts } = this.#setup
    const fingerprint = fingerprintOf(condition.labels)
    const before = book.get('alert', fingerprint)
    if (before === undefined && book.size('alert') >= maxAlerts) {
      this.#refused++
      return fingerprint
    }
    const isNew = before === undefined || before.state === 'resolved'
    const known = isNew ? this.#begin(fingerprint, condition, terms, now) : this.#refresh(before, condition, terms, now)
    const fires = known.state === 'pending' && (condition.fires ?? now >= known.firesAt)
    const alert: AlertRecord = fires ? { ...known, state: 'firing', startsAt: now } : known
    book.put('alert', fingerprint, alert, !isNew && !fires && isSame(before, alert))
    if (before?.source !== alert.source) this.#index(alert)
    if (fires) {
      this.#tell('firing', alert, now)
      this.#setup.watcher.fired(alert)
    } else if (isNew) this.#tell('pending', alert, now)
    return fingerprint
  }

  #begin(fingerprint: string, condition: Condition, terms: Terms, now: number): AlertRecord {
    const activeAt = Math.min(condition.activeAt ?? now, now)
    return {
      fingerprint,
      source: terms.source,
      labels: condition.labels,
      annotations: condition.annotations,
      severity: severityOf(condition.labels),
      state: 'pending',
      evidence: terms.evidence,
      ...told(condition),
      count: 0,
      activeAt,
      firesAt: activeAt + terms.forMs,
      expiresAt: now + terms.lifeMs,
      keepFiringForMs: terms.keepFiringForMs,
    }
  }

  #refresh(before: AlertRecord, condition: Condition, terms: Terms, now: number): AlertRecord {
    const { clearedAt: _, value: __, server: ___, ...rest } = before
    // While it is pending, its source may come to know better since when: after a time in which nobody looked.
    const activeAt = before.state === 'pending' ? Math.min(condition.activeAt ?? before.activeAt, now) : before.activeAt
    return {
      ...rest,
      activeAt,
      source: terms.source,
      annotations: condition.annotations,
      evidence: terms.evidence,
      ...told(condition),
      firesAt: activeAt + terms.forMs,
      expiresAt: now + terms.lifeMs,
      keepFiringForMs: terms.keepFiringForMs,
    }
  }

  /** Nobody can say whether it holds: it stays what it is. */
  #doubt(fingerprint: string, { evidence, lifeMs }: Terms, now: number): void {
    const { book } = this.#setup
    const alert = book.get('alert', fingerprint)
    if (!alert || alert.state === 'resolved') return
    const doubted = { ...alert, evidence, expiresAt: now + lifeMs }
    book.put('alert', fingerprint, doubted, alert.evidence === evidence)
  }

  #clearOthers(source: string, named: ReadonlySet<string>, now: number): void {
    const { book } = this.#setup
    for (const fingerprint of [...(this.#bySource.get(source) ?? [])]) {
      const alert = book.get('alert', fingerprint)
      if (!alert || alert.state === 'resolved' || alert.source !== source || named.has(fingerprint)) continue
      const clearedAt = alert.clearedAt ?? now
      if (alert.state === 'pending' || now >= clearedAt + alert.keepFiringForMs) this.#end(alert, now, 'cleared')
      else book.put('alert', fingerprint, { ...alert, clearedAt, expiresAt: now + this.#setup.resolveTimeoutMs })
    }
  }

  #end(alert: AlertRecord, now: number, reason: 'cleared' | 'expired'): void {
    if (alert.state === 'pending') {
      this.forget(alert)
      return
    }
    const { acknowledgement: _, clearedAt: __, ...rest } = alert
    const resolved: AlertRecord = { ...rest, state: 'resolved', endsAt: now }
    this.#setup.book.put('alert', alert.fingerprint, resolved)
    this.#tell('resolved', resolved, now, reason)
    this.#setup.watcher.resolved(resolved)
  }

  #tell(what: HistoryEntry['what'], alert: AlertRecord, at: number, reason?: 'cleared' | 'expired'): void {
    const { fingerprint, labels } = alert
    this.#setup.book.happened({ at, what, fingerprint, labels, ...(reason && { reason }) })
  }

  #index({ source, fingerprint }: AlertRecord): void {
    const others = this.#bySource.get(source)
    if (others) others.add(fingerprint)
    else this.#bySource.set(source, new Set([fingerprint]))
  }
}

function policyOf({ evidence, policies = {} }: Report): Policy {
  return evidence === 'no_data' ? (policies.noData ?? 'keep') : (policies.error ?? 'alert')
}

function missingLabels({ source, evidence, about = { alertname: source, severity: 'MEDIUM' } }: Report): Labels {
  return { ...about, evidence }
}

function missingWords({ source, evidence }: Report): Labels {
  const what = evidence === 'no_data' ? 'There is nothing to judge by' : 'It could not be judged'
  return { summary: `${what}: ${source}` }
}

function told({ value, server }: Condition): Pick<AlertRecord, 'value' | 'server'> {
  return { ...(value !== undefined && { value }), ...(server !== undefined && { server }) }
}

/** Whether nothing changed that a person would miss after a restart: values and times are reported again. */
function isSame(one: AlertRecord, other: AlertRecord): boolean {
  return (
    one.source === other.source &&
    one.state === other.state &&
    one.evidence === other.evidence &&
    one.clearedAt === other.clearedAt &&
    one.server === other.server &&
    JSON.stringify(one.annotations) === JSON.stringify(other.annotations)
  )
}
