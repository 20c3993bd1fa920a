import { isDeepStrictEqual } from 'node:util'
import type { RuleGroupReadings } from '@mcp-vitals/instrument/metrics'
import type { Limits, SeriesSource } from '../promql/index.js'
import { GroupState, groupKey, type RuleReport, type RuleState, type SavedGroup, type Written } from '../rules/index.js'
import type { SeriesWindow } from '../series/index.js'
import { GroupLane } from './group-lane.js'
import type { Evaluated, GroupStatus, KeptState, TimedGroup } from './protocol.js'

/** How often the states of alerts that go on as they are are kept all the same: by it a restart knows that somebody looked. */
const SAVE_EVERY_MS = 60_000

export interface RulerSetup {
  readonly window: SeriesWindow
  /** What rules read. */
  readonly source: SeriesSource
  /** What one rule may cost. */
  readonly limits: () => Limits
  /** A monotonic clock, in milliseconds. */
  readonly now: () => number
  readonly tell: (evaluated: Evaluated) => void
}

/** A group with its time and its counts. */
interface Entry {
  readonly group: TimedGroup
  readonly key: string
  readonly state: GroupState
  readonly lane: GroupLane
  dueMs: number
  savedMs: number
  figures: RuleGroupReadings
  /** Rules that were told of as having nothing to say. */
  readonly quiet: Set<string>
}

interface Run {
  readonly entry: Entry
  readonly atMs: number
  readonly steps: Generator<void, boolean>
  readonly reports: RuleReport[]
  tookMs: number
}

/** Evaluates groups of rules when they are due, one rule a step. Pure: times are handed in. */
export class Ruler {
  readonly #setup: RulerSetup
  #entries = new Map<string, Entry>()
  #kept = new Map<string, string>()
  #run: Run | undefined
  #isRunning = false

  constructor(setup: RulerSetup) {
    this.#setup = setup
  }

  /** Takes what groups knew before a restart, for when they come. */
  restore(states: readonly Required<KeptState>[]): void {
    this.#kept = new Map(states.map(({ key, body }) => [key, body]))
  }

  /** From now on there are samples, so that groups can be evaluated. */
  start(): void {
    this.#isRunning = true
  }

  /** Nothing is evaluated any more. */
  stop(): void {
    this.#isRunning = false
    this.#run = undefined
  }

  /** Evaluates these groups from now on. What is as it was goes on as it is; a rule of the same name and labels keeps its alerts. */
  set(groups: readonly TimedGroup[], nowMs: number): void {
    const before = this.#entries
    this.#entries = new Map(
      groups.map((group) => {
        const key = groupKey(group)
        const known = before.get(key)
        const isSame = known !== undefined && isDeepStrictEqual(known.group, group)
        return [key, isSame ? known : this.#begin(group, key, known, nowMs)]
      }),
    )
    for (const [key, entry] of before) if (this.#entries.get(key) !== entry) this.#end(entry, nowMs)
    for (const key of this.#kept.keys()) if (!this.#entries.has(key)) this.#tell(key, { kept: { key } })
    this.#kept.clear()
  }

  /** When there is something to do, milliseconds since 1970; infinite while nothing is due. */
  dueMs(): number {
    if (!this.#isRunning) return Number.POSITIVE_INFINITY
    if (this.#run) return 0
    let firstMs = Number.POSITIVE_INFINITY
    for (const { dueMs } of this.#entries.values()) firstMs = Math.min(firstMs, dueMs)
    return firstMs
  }

  /** Evaluates one rule of what is due; false where nothing is. */
  step(nowMs: number): boolean {
    if (!this.#isRunning) return false
    this.#run ??= this.#next(nowMs)
    const run = this.#run
    if (run === undefined) return false
    const started = this.#setup.now()
    const { done, value } = run.steps.next()
    run.tookMs += this.#setup.now() - started
    if (done) this.#finish(run, value)
    return true
  }

  status(): readonly GroupStatus[] {
    return [...this.#entries.values()].map(({ group, state, figures: { lastMs, tookMs } }) => ({
      group,
      ...(lastMs !== undefined && { lastMs }),
      tookMs,
      rules: state.rules.map(({ health, lastError, lastMs, tookMs, alerts }) => ({
        ...{ health, lastError, tookMs, alerts },
        ...(lastMs !== undefined && { lastMs }),
      })),
    }))
  }

  #begin(group: TimedGroup, key: string, before: Entry | undefined, nowMs: number): Entry {
    const state = new GroupState(group)
    if (before) state.inherit(before.state)
    else restore(state, this.#kept.get(key), nowMs)
    const { intervalMs, rules } = group
    const lane = before?.lane ?? new GroupLane(this.#setup.window, key, intervalMs)
    const figures = { ...(before?.figures ?? NO_FIGURES), rules: rules.length, intervalMs }
    const dueMs = slotAt(nowMs, group, key) + intervalMs
    return { group, key, state, lane, dueMs, savedMs: Number.NEGATIVE_INFINITY, figures, quiet: new Set() }
  }

  /** What its rules raised is over, but for those that a new group of the same name goes on with. */
  #end({ key, state, lane }: Entry, nowMs: number): void {
    if (this.#run?.entry.key === key) {
      this.#run = undefined
      lane.close(nowMs)
    }
    const next = this.#entries.get(key)
    const goOn = new Set(next?.state.rules.map(({ key }) => key))
    const gone = state.rules.filter((rule) => rule.rule.kind === 'alerting' && !goOn.has(rule.key))
    const reports = gone.map((rule) => overReport(rule, nowMs))
    if (next) this.#tell(key, { reports, figures: next.figures })
    else {
      lane.close(nowMs)
      this.#tell(key, { reports, kept: { key } })
    }
  }

  /** The group that has waited longest. */
  #next(nowMs: number): Run | undefined {
    let first: Entry | undefined
    for (const entry of this.#entries.values()) {
      const { group, key } = entry
      // The clock was set back.
      if (entry.dueMs > nowMs + group.intervalMs) entry.dueMs = slotAt(nowMs, group, key) + group.intervalMs
      if (entry.dueMs <= nowMs && (first === undefined || entry.dueMs < first.dueMs)) first = entry
    }
    return first && this.#start(first, nowMs)
  }

  #start(entry: Entry, nowMs: number): Run {
    const { group, key, state, lane, figures } = entry
    const atMs = slotAt(nowMs, group, key)
    const missed = Math.round((atMs - entry.dueMs) / group.intervalMs)
    entry.figures = { ...figures, iterations: figures.iterations + 1 + missed, missed: figures.missed + missed }
    entry.dueMs = atMs + group.intervalMs
    const { source, limits } = this.#setup
    const reports: RuleReport[] = []
    const host = {
      source,
      limits,
      write: (rule: RuleState, at: number, written: readonly Written[] | undefined) =>
        lane.write(rule.key, at, written),
      report: (report: RuleReport) => void reports.push(report),
    }
    return { entry, atMs, steps: state.steps(host, atMs), reports, tookMs: 0 }
  }

  #finish({ entry, atMs, reports, tookMs }: Run, changed: boolean): void {
    this.#run = undefined
    const { key, state, lane, figures } = entry
    lane.close(atMs)
    const { rules } = state
    const failures = figures.failures + rules.filter(({ health }) => health === 'err').length
    entry.figures = { ...figures, evaluations: figures.evaluations + rules.length, failures, lastMs: atMs, tookMs }
    const kept = this.#keep(entry, atMs, changed)
    const news = reports.filter((report) => isNews(report, entry.quiet))
    this.#tell(key, { reports: news, figures: entry.figures, ...(kept && { kept }) })
  }

  #keep(entry: Entry, atMs: number, changed: boolean): KeptState | undefined {
    const { key, state, savedMs } = entry
    const active = state.rules.flatMap(({ alerts }) => alerts)
    // How long an alert is pending is to be known to the interval.
    const isDue = active.some((alert) => alert.state === 'pending') || atMs - savedMs >= SAVE_EVERY_MS
    if (!changed && !(active.length > 0 && isDue)) return undefined
    entry.savedMs = atMs
    return active.length > 0 ? { key, body: JSON.stringify(state.save(atMs)) } : { key }
  }

  #tell(key: string, told: Partial<Omit<Evaluated, 'group'>>): void {
    this.#setup.tell({ group: key, reports: [], ...told })
  }
}

const NO_FIGURES = { rules: 0, intervalMs: 0, evaluations: 0, failures: 0, iterations: 0, missed: 0, tookMs: 0 }

/** The last time up to now at which the group is evaluated: each has a place of its own within its interval, as in Prometheus. */
function slotAt(nowMs: number, { intervalMs }: TimedGroup, key: string): number {
  const offsetMs = hashOf(key) % intervalMs
  return Math.floor((nowMs - offsetMs) / intervalMs) * intervalMs + offsetMs
}

/** FNV-1a, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0
  return hash
}

function restore(state: GroupState, body: string | undefined, nowMs: number): void {
  if (body === undefined) return
  try {
    state.restore(JSON.parse(body) as SavedGroup, nowMs)
  } catch {
    // What cannot be read is as good as nothing: alerts begin anew.
  }
}

/** Whether a report says what the one before did not: most rules have nothing to say, again and again. */
function isNews({ source, evidence, conditions }: RuleReport, quiet: Set<string>): boolean {
  if (evidence !== 'seen' || conditions.length > 0) {
    quiet.delete(source)
    return true
  }
  if (quiet.has(source)) return false
  quiet.add(source)
  return true
}

function overReport({ key }: RuleState, atMs: number): RuleReport {
  return { source: key, atMs, evidence: 'seen', conditions: [], forMs: 0, keepFiringForMs: 0, labels: {} }
}
