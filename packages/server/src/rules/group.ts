import { VitalsError } from '../errors/index.js'
import {
  type LabelSet,
  type Limits,
  parsePromql,
  type Query,
  type Series,
  type SeriesSource,
  type Vector,
} from '../promql/index.js'
import { RuleAlerts, SameAlertError, type SavedAlert } from './alerts.js'
import type { AlertingRule, RecordingRule, Rule, RuleAlert, RuleGroup, RuleReport } from './contract.js'

/** A series with its value, as a rule writes it. */
export interface Written {
  readonly labels: LabelSet
  readonly value: number
}

/** What rules are evaluated over and write to. */
export interface RuleHost {
  readonly source: SeriesSource
  readonly limits: () => Limits
  /**
   * Takes what a rule gave at a time: what it gave before and does not give now has ended. Undefined: it could not be
   * evaluated, so nothing is known.
   */
  write(rule: RuleState, atMs: number, written: readonly Written[] | undefined): void
  report(report: RuleReport): void
}

/** Most series, or alerts, that a rule gives where its group names no limit. */
const MAX_RESULTS = 10_000

export type Health = 'unknown' | 'ok' | 'err'

/** One rule and how it is. */
export interface RuleState {
  readonly rule: Rule
  /** File, group and name, and a number where a group has the name several times. */
  readonly key: string
  readonly health: Health
  readonly lastError: string
  readonly lastMs: number | undefined
  readonly tookMs: number
  readonly alerts: readonly RuleAlert[]
}

/** What of a group outlasts a restart. */
export interface SavedGroup {
  readonly atMs: number
  readonly alerts: Readonly<Record<string, readonly SavedAlert[]>>
}

interface Mutable extends RuleState {
  health: Health
  lastError: string
  lastMs: number | undefined
  tookMs: number
  readonly query: Query
  readonly states: RuleAlerts | undefined
}

/** A group of rules over its evaluations. */
export class GroupState {
  readonly rules: readonly RuleState[]
  readonly #rules: readonly Mutable[]

  constructor(readonly group: RuleGroup) {
    const used = new Map<string, number>()
    this.#rules = group.rules.map((rule) => {
      const count = (used.get(rule.name) ?? 0) + 1
      used.set(rule.name, count)
      const key = `${groupKey(group)};${rule.name}${count > 1 ? `#${count}` : ''}`
      return stateOf(rule, key)
    })
    this.rules = this.#rules
  }

  /** Evaluates all rules at a time, one after another, one a step. Returns whether the state of an alert changed. */
  *steps(host: RuleHost, atMs: number): Generator<void, boolean> {
    let changed = false
    for (const state of this.#rules) {
      const { now } = host.limits()
      const started = now()
      changed = this.#evaluate(state, host, atMs) || changed
      state.tookMs = now() - started
      state.lastMs = atMs
      yield
    }
    return changed
  }

  /** The same at once. */
  evaluate(host: RuleHost, atMs: number): boolean {
    const steps = this.steps(host, atMs)
    for (;;) {
      const { done, value } = steps.next()
      if (done) return value
    }
  }

  /** Goes on with the alerts of the rules that this group had before its file was read again: same name, same labels. */
  inherit(before: GroupState): void {
    const known = new Map<string, RuleAlerts[]>()
    for (const { rule, states } of before.#rules) {
      if (!states) continue
      const same = known.get(signatureOf(rule))
      if (same) same.push(states)
      else known.set(signatureOf(rule), [states])
    }
    for (const { rule, states } of this.#rules) {
      const same = known.get(signatureOf(rule))?.shift()
      if (same) states?.inherit(same)
    }
  }

  save(atMs: number): SavedGroup {
    const alerts = this.#rules.map(({ key, states }) => [key, states?.active ?? []] as const)
    return { atMs, alerts: Object.fromEntries(alerts.filter(([, active]) => active.length > 0)) }
  }

  restore(saved: SavedGroup, nowMs: number): void {
    for (const { key, states } of this.#rules) states?.restore(saved.alerts[key] ?? [], saved.atMs, nowMs)
  }

  #evaluate(state: Mutable, host: RuleHost, atMs: number): boolean {
    const source = new WatchedSource(host.source)
    try {
      const { value } = state.query.instant(source, atMs - this.group.offsetMs, host.limits())
      const samples: Vector['samples'] =
        value.type === 'vector' ? value.samples : value.type === 'scalar' ? [{ labels: {}, value: value.value }] : []
      const changed = this.#take(state, samples, host, atMs, source)
      state.health = 'ok'
      state.lastError = ''
      return changed
    } catch (error) {
      if (!(error instanceof VitalsError || error instanceof SameAlertError || error instanceof LimitError)) throw error
      state.health = 'err'
      state.lastError = error.message
      host.write(state, atMs, undefined)
      if (state.rule.kind === 'alerting') host.report(this.#report(state, state.rule, atMs, 'error'))
      return false
    }
  }

  #take(state: Mutable, samples: Vector['samples'], host: RuleHost, atMs: number, source: WatchedSource): boolean {
    const limit = this.group.limit || MAX_RESULTS
    const { rule, states } = state
    if (rule.kind === 'recording') {
      if (samples.length > limit) throw new LimitError(`the rule gives more than ${limit} series`)
      host.write(state, atMs, recorded(rule, samples))
      return false
    }
    const changed = states!.take(samples, atMs)
    const { active } = states!
    if (active.length > limit) {
      states!.clear()
      throw new LimitError(`the rule gives more than ${limit} alerts`)
    }
    host.write(state, atMs, alertSeries(active))
    host.report(this.#report(state, rule, atMs, active.length === 0 && source.isEmpty() ? 'no_data' : 'seen'))
    return changed
  }

  #report(
    { key, states }: Mutable,
    { name, labels, forMs, keepFiringForMs }: AlertingRule,
    atMs: number,
    evidence: RuleReport['evidence'],
  ): RuleReport {
    const { intervalMs } = this.group
    const every = intervalMs === undefined ? {} : { everyMs: intervalMs }
    const conditions = evidence === 'seen' ? states!.active : []
    const fixed = Object.entries(labels).filter(([, text]) => !text.includes('{{'))
    const own = { ...Object.fromEntries(fixed), alertname: name }
    return { source: key, atMs, evidence, conditions, forMs, keepFiringForMs, ...every, labels: own }
  }
}

class LimitError extends Error {}

export const groupKey = ({ file, name }: RuleGroup): string => `${file};${name}`

function stateOf(rule: Rule, key: string): Mutable {
  const states = rule.kind === 'alerting' ? new RuleAlerts(rule) : undefined
  let query: Query | undefined
  return {
    rule,
    key,
    // When it is evaluated first: a program that starts has other things to do, and its rules were checked.
    get query() {
      query ??= parsePromql(rule.expr)
      return query
    },
    states,
    health: 'unknown',
    lastError: '',
    lastMs: undefined,
    tookMs: 0,
    get alerts() {
      return states?.active ?? []
    },
  }
}

/** The series of a recording rule: its name and labels above those of the result. */
function recorded(rule: RecordingRule, samples: Vector['samples']): readonly Written[] {
  const seen = new Set<string>()
  return samples.map(({ labels, value }) => {
    const own: Record<string, string> = { ...labels, ...rule.labels, __name__: rule.name }
    for (const name of Object.keys(own)) if (own[name] === '') delete own[name]
    const key = JSON.stringify(Object.entries(own).sort(([a], [b]) => (a < b ? -1 : 1)))
    if (seen.has(key)) throw new SameAlertError(`two series become one by the labels of ${rule.name}`)
    seen.add(key)
    return { labels: own, value }
  })
}

/** `ALERTS` and `ALERTS_FOR_STATE`, as Prometheus writes them. */
function alertSeries(active: readonly RuleAlert[]): readonly Written[] {
  return active.flatMap(({ labels, state, activeAt }) => [
    { labels: { ...labels, __name__: 'ALERTS', alertstate: state }, value: 1 },
    { labels: { ...labels, __name__: 'ALERTS_FOR_STATE' }, value: Math.floor(activeAt / 1000) },
  ])
}

/** Knows whether anything was found. */
class WatchedSource implements SeriesSource {
  readonly #found: { readonly series: readonly Series[]; readonly startMs: number; readonly endMs: number }[] = []
  constructor(private readonly source: SeriesSource) {}

  /** It was asked, and there was no sample at all. To be asked once: it may read all series. */
  isEmpty(): boolean {
    if (this.#found.length === 0) return false
    return !this.#found.some(({ series, startMs, endMs }) =>
      series.some(({ times }) => Array.prototype.some.call(times, (time) => time >= startMs && time <= endMs)),
    )
  }

  select(...asked: Parameters<SeriesSource['select']>): ReturnType<SeriesSource['select']> {
    const [, startMs, endMs] = asked
    const series = this.source.select(...asked)
    this.#found.push({ series, startMs, endMs })
    return series
  }
}

/** Rules of one group that are the same over a change of its file. */
const signatureOf = ({ name, labels }: Rule): string =>
  JSON.stringify([name, Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))])
