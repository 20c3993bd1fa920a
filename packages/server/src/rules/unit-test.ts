/** Unit tests of rules, in the format of `promtool test rules`: series in Prometheus's notation, and what alerts and expressions give. */
import { isMap, LineCounter, parseDocument } from 'yaml'
import { z } from 'zod'
import { VitalsError, vitalsError } from '../errors/index.js'
import {
  DEFAULT_LIMITS,
  formatLabels,
  type LabelSet,
  type Limits,
  memorySource,
  parseDuration,
  parseLabels,
  parsePromql,
  parseSeriesNotation,
  type Series,
  type SeriesSource,
} from '../promql/index.js'
import type { RuleGroup } from './contract.js'
import { GroupState, type RuleHost, type Written } from './group.js'

/** Evaluations that one file may ask for. */
const MAX_EVALUATIONS = 100_000
const DEFAULT_INTERVAL = '1m'

const duration = z.union([z.string(), z.number()]).transform((text, context) => {
  const lengthMs = parseDuration(String(text))
  if (lengthMs === undefined) context.addIssue({ code: 'custom', message: `${text} is no duration, such as 5m` })
  return lengthMs ?? 0
})
const labels = z.record(z.string(), z.coerce.string())

const testFile = z.strictObject({
  rule_files: z.array(z.string()).default([]),
  evaluation_interval: duration.default(() => parseDuration(DEFAULT_INTERVAL)!),
  group_eval_order: z.array(z.string()).default([]),
  tests: z
    .array(
      z.strictObject({
        name: z.string().default(''),
        interval: duration.optional(),
        input_series: z.array(z.strictObject({ series: z.string(), values: z.coerce.string() })).default([]),
        alert_rule_test: z
          .array(
            z.strictObject({
              eval_time: duration,
              alertname: z.string(),
              exp_alerts: z
                .array(z.strictObject({ exp_labels: labels.default({}), exp_annotations: labels.default({}) }))
                .nullish(),
            }),
          )
          .default([]),
        promql_expr_test: z
          .array(
            z.strictObject({
              expr: z.string(),
              eval_time: duration,
              exp_samples: z.array(z.strictObject({ labels: z.string(), value: z.number() })).nullish(),
            }),
          )
          .default([]),
        external_labels: labels.optional(),
        external_url: z.string().optional(),
      }),
    )
    .default([]),
})

export type RuleTestFile = z.infer<typeof testFile>
type RuleTest = RuleTestFile['tests'][number]

/** Reads a file of unit tests. Throws RULES_INVALID. */
export function parseRuleTests(file: string, text: string): RuleTestFile {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  const fail = (offset: number, problem: string) => {
    const { line, col } = lines.linePos(offset)
    return vitalsError('RULES_INVALID', { file, problems: `\n  line ${line}, column ${col}: ${problem}` })
  }
  const [error] = document.errors
  if (error) throw fail(error.pos[0], error.message.split('\n', 1)[0]!)
  const result = testFile.safeParse(document.toJS({ maxAliasCount: 100 }) ?? {})
  if (result.success) return result.data
  const [issue] = result.error.issues
  const node = document.getIn(issue!.path as (string | number)[], true)
  const range = (node as { range?: [number, number, number] } | undefined)?.range ?? [0]
  throw fail(range[0], `${issue!.path.join('.') || (isMap(document.contents) ? 'the file' : 'it')}: ${issue!.message}`)
}

/** Runs the tests of a file over rules; returns what did not come out as it should. */
export function runRuleTests(file: RuleTestFile, groups: readonly RuleGroup[]): readonly string[] {
  const order = file.group_eval_order
  const ordered = [...groups].sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name))
  return file.tests.flatMap((test, index) => {
    const name = test.name === '' ? `test ${index + 1}` : test.name
    return runTest(test, file.evaluation_interval, ordered).map((problem) => `${name}: ${problem}`)
  })
}

function runTest(test: RuleTest, evaluationMs: number, groups: readonly RuleGroup[]): readonly string[] {
  const memory = new Memory(test, evaluationMs)
  const states = groups.map((group) => new GroupState(group))
  const asked = [...test.alert_rule_test, ...test.promql_expr_test].map(({ eval_time }) => eval_time)
  const endMs = Math.max(0, ...asked)
  if (endMs / evaluationMs > MAX_EVALUATIONS) return [`more than ${MAX_EVALUATIONS} evaluations`]
  const problems: string[] = []
  for (let atMs = 0; atMs <= endMs; atMs += evaluationMs) {
    for (const state of states) state.evaluate(memory, atMs)
    for (const expected of test.alert_rule_test)
      if (expected.eval_time >= atMs && expected.eval_time < atMs + evaluationMs)
        problems.push(...compareAlerts(expected, states))
  }
  for (const { rules } of states)
    for (const { key, lastError } of rules) if (lastError !== '') problems.push(`${key}: ${lastError}`)
  return [...problems, ...test.promql_expr_test.flatMap((expected) => compareExpression(expected, memory))]
}

/** Series of the test and what rules wrote, as far as it goes. */
class Memory implements RuleHost {
  readonly source: SeriesSource = { select: (...asked) => memorySource([...this.#series.values()]).select(...asked) }
  readonly #series = new Map<string, { labels: LabelSet; times: number[]; values: number[]; staleTimes: number[] }>()
  readonly #written = new Map<string, ReadonlySet<string>>()

  constructor({ input_series, interval }: RuleTest, evaluationMs: number) {
    const stepMs = interval ?? evaluationMs
    for (const { series, values } of input_series) {
      const noted = parseSeriesNotation(`${series} ${values}`)
      const made = this.#of(noted.labels)
      for (const [index, value] of noted.values.entries())
        if (value === 'stale') made.staleTimes.push(index * stepMs)
        else if (value !== undefined) {
          made.times.push(index * stepMs)
          made.values.push(value)
        }
    }
  }

  limits(): Limits {
    return { ...DEFAULT_LIMITS, now: () => 0 }
  }

  write({ key }: { readonly key: string }, atMs: number, written: readonly Written[] | undefined): void {
    if (written === undefined) return
    const now = new Set<string>()
    for (const { labels, value } of written) {
      now.add(formatLabels(labels))
      const made = this.#of(labels)
      made.times.push(atMs)
      made.values.push(value)
    }
    for (const before of this.#written.get(key) ?? [])
      if (!now.has(before)) this.#series.get(before)!.staleTimes.push(atMs)
    this.#written.set(key, now)
  }

  report(): void {}

  #of(labels: LabelSet) {
    const key = formatLabels(labels)
    const known = this.#series.get(key)
    if (known !== undefined) return known
    const made: Series & { times: number[]; values: number[]; staleTimes: number[] } = {
      labels,
      times: [],
      values: [],
      staleTimes: [],
    }
    this.#series.set(key, made)
    return made
  }
}

function compareAlerts(
  expected: RuleTest['alert_rule_test'][number],
  states: readonly GroupState[],
): readonly string[] {
  const { alertname, eval_time, exp_alerts } = expected
  const rules = states
    .flatMap(({ rules }) => rules)
    .filter(({ rule }) => rule.kind === 'alerting' && rule.name === alertname)
  const line = (labels: LabelSet, annotations: LabelSet) =>
    `${formatLabels(labels)} ${JSON.stringify(sorted(annotations))}`
  const found = rules
    .flatMap(({ alerts }) => alerts)
    .filter(({ state }) => state === 'firing')
    .map(({ labels, annotations }) => line(labels, annotations))
  const wanted = (exp_alerts ?? []).map(({ exp_labels, exp_annotations }) =>
    line({ ...exp_labels, alertname }, exp_annotations),
  )
  return difference(`alert ${alertname} at ${eval_time / 1000} s`, wanted, found)
}

function compareExpression(expected: RuleTest['promql_expr_test'][number], memory: Memory): readonly string[] {
  const { expr, eval_time, exp_samples } = expected
  try {
    const { value } = parsePromql(expr).instant(memory.source, eval_time, memory.limits())
    const samples =
      value.type === 'vector' ? value.samples : value.type === 'scalar' ? [{ labels: {}, value: value.value }] : []
    return difference(
      `${expr} at ${eval_time / 1000} s`,
      (exp_samples ?? []).map(({ labels, value }) => `${formatLabels(parseLabels(labels))} ${value}`),
      samples.map(({ labels, value }) => `${formatLabels(labels)} ${value}`),
    )
  } catch (error) {
    if (!(error instanceof VitalsError)) throw error
    return [`${expr}: ${error.message}`]
  }
}

function difference(what: string, wanted: readonly string[], found: readonly string[]): readonly string[] {
  const [a, b] = [[...wanted].sort(), [...found].sort()]
  if (JSON.stringify(a) === JSON.stringify(b)) return []
  const list = (lines: readonly string[]) =>
    lines.length === 0 ? ' nothing' : lines.map((one) => `\n    ${one}`).join('')
  return [`${what}\n  expected:${list(a)}\n  got:${list(b)}`]
}

const sorted = (labels: LabelSet) => Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))
