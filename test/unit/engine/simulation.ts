/** The engine without its thread: samples come and rules are evaluated when they are due, by a clock that runs as fast as it is asked to. */
import {
  CATALOGUE,
  type Collectable,
  createRegistry,
  createView,
  type Registry,
} from '../../../packages/instrument/src/metrics/index.js'
import { loadConfig } from '../../../packages/server/src/config/index.js'
import { Core } from '../../../packages/server/src/engine/core.js'
import type { Evaluated, GroupStatus, Message, TimedGroup } from '../../../packages/server/src/engine/protocol.js'
import { createSampler, type TargetState } from '../../../packages/server/src/engine/sampler.js'
import type { Vector } from '../../../packages/server/src/promql/index.js'
import { parseRuleFile, type RuleReport, readRuleSet } from '../../../packages/server/src/rules/index.js'
import { seriesOptions } from '../../../packages/server/src/series/index.js'

export const mcp: (typeof CATALOGUE)['mcp'] = CATALOGUE.mcp
export const START_MS = 1_800_000_000_000
export const INTERVAL_MS = 15_000
export const MINUTE_MS = 60_000

export interface Setup {
  readonly source: Collectable
  readonly groups: readonly TimedGroup[]
  readonly target?: Readonly<Record<string, string>>
  readonly targets?: () => readonly TargetState[]
  /** Options of the series. */
  readonly series?: object
  /** What a simulation before this one kept. */
  readonly kept?: ReadonlyMap<string, string>
  readonly startMs?: number
}

/** What an alert of a report is, in short. */
export interface Seen {
  readonly name: string
  readonly state: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly atMs: number
}

export function simulate({ source, groups, target = {}, targets = () => [], series = {}, kept, startMs }: Setup) {
  const options = seriesOptions.parse({ intervalMs: INTERVAL_MS, ...series })
  const reports: RuleReport[] = []
  const evaluations: Evaluated[] = []
  const states = new Map(kept)
  let reply: Message | undefined
  let ticks = 0
  const core = new Core({
    options,
    now: () => ticks++ / 1000,
    post(message) {
      if (message.kind !== 'told') reply = message
      else if ('evaluated' in (message.told as object)) hear((message.told as { evaluated: Evaluated }).evaluated)
    },
  })
  const sampler = createSampler(source, targets)
  let nowMs = startMs ?? START_MS
  let sampleMs = nowMs

  function hear(evaluated: Evaluated): void {
    evaluations.push(evaluated)
    reports.push(...evaluated.reports)
    const { kept } = evaluated
    if (kept?.body !== undefined) states.set(kept.key, kept.body)
    else if (kept) states.delete(kept.key)
  }

  core.notice({
    kind: 'restored',
    nowMs,
    rules: [...states].map(([key, body]) => ({ key, body })),
  })
  core.notice({ kind: 'target', labels: { job: 'mcp-vitals', instance: 'here:1', ...target } })
  core.notice({ kind: 'rules', groups, nowMs })

  return {
    reports,
    evaluations,
    kept: states,
    now: () => nowMs,
    /** Lets time pass; `move` is called before each sample. */
    pass(lengthMs: number, move: (atMs: number) => void = () => {}): void {
      const endMs = nowMs + lengthMs
      for (;;) {
        const nextMs = Math.min(sampleMs, Math.max(core.dueMs(), nowMs))
        if (nextMs > endMs) break
        nowMs = nextMs
        if (nowMs === sampleMs) {
          move(nowMs)
          core.notice({ kind: 'sample', atMs: nowMs, view: sampler.sample() })
          sampleMs += INTERVAL_MS
        } else core.evaluate(nowMs)
      }
      nowMs = endMs
    },
    /** Lets time pass in which the thread does nothing. */
    sleep(lengthMs: number): void {
      nowMs += lengthMs
      while (sampleMs < nowMs) sampleMs += INTERVAL_MS
    },
    change: (next: readonly TimedGroup[]) => core.notice({ kind: 'rules', groups: next, nowMs }),
    /** Values of an expression now, by their labels without those of the target. */
    values(expr: string, atMs = nowMs): readonly (readonly [labels: string, value: number])[] {
      core.answer({ id: 1, call: 'query', expr, when: { atMs }, options: {} })
      if (reply?.kind !== 'reply') throw new Error(JSON.stringify(reply))
      const { value } = reply.value as { readonly value: Vector }
      return value.samples.map(({ labels, value }) => {
        const { __name__: _, job: __, instance: ___, ...own } = labels
        return [JSON.stringify(Object.fromEntries(Object.entries(own).sort())), value] as const
      })
    },
    status() {
      core.answer({ id: 1, call: 'rules' })
      if (reply?.kind !== 'reply') throw new Error(JSON.stringify(reply))
      return reply.value as readonly GroupStatus[]
    },
    /** Alerts in the state, each when it was first seen there. */
    seen(state: 'pending' | 'firing'): readonly Seen[] {
      const found = new Map<string, Seen>()
      for (const { conditions, atMs } of reports)
        for (const { labels, annotations, state: is } of conditions) {
          const key = JSON.stringify(labels)
          if (is === state && !found.has(key))
            found.set(key, { name: labels.alertname!, state: is, labels, annotations, atMs })
        }
      return [...found.values()]
    },
  }
}

/** Groups of a file, evaluated every quarter of a minute where they say nothing else. */
export function groupsOf(rules: readonly object[], more: object = {}): readonly TimedGroup[] {
  return timed(parseRuleFile('mine.yml', JSON.stringify({ groups: [{ name: 'mine', rules, ...more }] })))
}

const timed = (groups: ReturnType<typeof parseRuleFile>): readonly TimedGroup[] =>
  groups.map((group) => ({ ...group, intervalMs: group.intervalMs ?? INTERVAL_MS }))

/** What a daemon with this preset samples and evaluates, from the registry up. */
export function simulatePreset(preset: string | undefined, targets?: () => readonly TargetState[]) {
  const { metrics, rules, series } = loadConfig({
    env: preset === undefined ? {} : { MCP_VITALS_PRESET: preset },
  }).config
  const registry: Registry = createRegistry({ prefix: metrics.prefix })
  const simulation = simulate({
    source: createView(registry, metrics.labels),
    groups: timed(rules.sets.flatMap((set) => readRuleSet(set, metrics.prefix))),
    target: { ...series.labels, job: series.job },
    ...(targets && { targets }),
  })
  return { registry, simulation }
}
