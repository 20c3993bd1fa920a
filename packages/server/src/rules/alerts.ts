import type { LabelSet, Vector } from '../promql/index.js'
import type { AlertingRule, RuleAlert } from './contract.js'
import { parseTemplate, type Template } from './template.js'

/** How long a firing alert that is restored may have gone without an evaluation before it counts as a new one. */
const MAX_OUTAGE_MS = 3_600_000

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
      const clearedAt = before.clearedAt ?? atMs
      if (before.state === 'firing' && atMs - clearedAt < this.#rule.keepFiringForMs) {
        next.set(key, { ...before, clearedAt })
        changed ||= before.clearedAt === undefined
      } else changed = true
    }
    this.#active = next
    return changed
  }

  /** Takes alerts of before a restart: their time goes on, unless nobody looked for an hour. */
  restore(alerts: readonly SavedAlert[], savedMs: number, nowMs: number): void {
    if (nowMs - savedMs > MAX_OUTAGE_MS) return
    for (const alert of alerts) this.#active.set(keyOf(alert.labels), alert)
  }

  clear(): void {
    this.#active = new Map()
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
