import type { LabelSet, Vector } from '../promql/index.js'
import type { AlertingRule, RuleAlert } from './contract.js'
import { parseTemplate, type Template } from './template.js'

/** How long a firing alert that is restored may have gone without an evaluation before it counts as a new one. */
const MAX_OUTAGE_MS = 3_600_000
/**
 * How long an alert that is restored waits for its condition to be seen again. After a restart counters begin at zero, and
 * `rate` needs some samples before it says anything: that nothing is said is no end.
 */
const RESTORED_MS = 300_000

/** Two series of a result became one alert by the rule's labels: nothing of the evaluation counts. */
export class SameAlertError extends Error {}

/** An alert as it is kept over a restart. */
export type SavedAlert = RuleAlert

/** The alerts of one rule, over its evaluations. Pure: times are handed in. */
export class RuleAlerts {
  readonly #rule: AlertingRule
  readonly #labels: readonly (readonly [name: string, template: Template])[]
  readonly #annotations: readonly (readonly [name: string, template: Template])[]
  #active = new Map<string, RuleAlert>()
  /** Restored, and not seen since. */
  readonly #unseen = new Set<string>()
  #restoredMs = Number.NEGATIVE_INFINITY

  constructor(rule: AlertingRule) {
    this.#rule = rule
    this.#labels = templatesOf(rule.labels)
    this.#annotations = templatesOf(rule.annotations)
  }

  get active(): readonly RuleAlert[] {
    return [...this.#active.values()]
  }

  /**
   * Takes what the rule's expression gave at a time. Returns whether a state changed: an alert came, fired or went. Throws
   * SameAlertError, and leaves everything as it was.
   */
  take(samples: Vector['samples'], atMs: number): boolean {
    const found = this.#found(samples)
    const next = new Map<string, RuleAlert>()
    let changed = false
    for (const [key, { labels, annotations, value }] of found) {
      const before = this.#active.get(key)
      this.#unseen.delete(key)
      const activeAt = before?.activeAt ?? atMs
      const fires = before?.state === 'firing' || atMs - activeAt >= this.#rule.forMs
      const startsAt = before?.startsAt ?? atMs
      next.set(key, {
        labels,
        annotations,
        value,
        state: fires ? 'firing' : 'pending',
        activeAt,
        ...(fires && { startsAt }),
      })
      changed ||= before === undefined || (fires && before.state === 'pending') || before.clearedAt !== undefined
    }
    for (const [key, before] of this.#active) {
      if (found.has(key)) continue
      const kept = this.#keep(key, before, atMs)
      if (kept) next.set(key, kept)
      changed ||= kept === undefined || kept.clearedAt !== before.clearedAt
    }
    this.#active = next
    return changed
  }

  /**
   * Takes alerts of before a restart, unless nobody looked for an hour: what fires goes on, and what is pending is so for
   * as much longer as nobody looked.
   */
  restore(alerts: readonly SavedAlert[], savedMs: number, nowMs: number): void {
    const outageMs = Math.max(0, nowMs - savedMs)
    if (outageMs > MAX_OUTAGE_MS) return
    this.#restoredMs = nowMs
    for (const alert of alerts) {
      const key = keyOf(alert.labels)
      this.#unseen.add(key)
      this.#active.set(key, alert.state === 'firing' ? alert : { ...alert, activeAt: alert.activeAt + outageMs })
    }
  }

  /** Takes the alerts of the same rule as it was before its file was read again. */
  inherit({ active }: RuleAlerts): void {
    for (const alert of active) this.#active.set(keyOf(alert.labels), alert)
  }

  clear(): void {
    this.#active = new Map()
  }

  /** An alert whose condition is not there, for as long as it goes on all the same. */
  #keep(key: string, before: RuleAlert, atMs: number): RuleAlert | undefined {
    const isWaitedFor = this.#unseen.has(key) && atMs - this.#restoredMs < RESTORED_MS
    if (before.state === 'pending') return isWaitedFor ? before : undefined
    const clearedAt = before.clearedAt ?? atMs
    const isKept = isWaitedFor || atMs - clearedAt < this.#rule.keepFiringForMs
    return isKept ? { ...before, clearedAt } : undefined
  }

  #found(samples: Vector['samples']): ReadonlyMap<string, Pick<RuleAlert, 'labels' | 'annotations' | 'value'>> {
    const found = new Map<string, Pick<RuleAlert, 'labels' | 'annotations' | 'value'>>()
    for (const { labels: source, value } of samples) {
      const data = { labels: source, value }
      const labels: Record<string, string> = { ...source }
      delete labels.__name__
      for (const [name, template] of this.#labels) labels[name] = template(data)
      labels.alertname = this.#rule.name
      for (const name of Object.keys(labels)) if (labels[name] === '') delete labels[name]
      const key = keyOf(labels)
      if (found.has(key)) throw new SameAlertError(`two series give the same alert ${JSON.stringify(labels)}`)
      const annotations = Object.fromEntries(this.#annotations.map(([name, template]) => [name, template(data)]))
      found.set(key, { labels, annotations, value })
    }
    return found
  }
}

function templatesOf(texts: LabelSet): readonly (readonly [string, Template])[] {
  return Object.entries(texts).map(([name, text]) => {
    const template = parseTemplate(text)
    if ('problem' in template) throw new TypeError(template.problem)
    return [name, template] as const
  })
}

const keyOf = (labels: LabelSet): string => JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)))
