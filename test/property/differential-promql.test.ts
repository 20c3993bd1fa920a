/** Random queries over random series: our engine gives what Debian's Prometheus gives. */
import fc from 'fast-check'
import { afterAll, afterEach, expect, test } from 'vitest'
import {
  DEFAULT_LIMITS,
  formatLabels,
  memorySource,
  PromqlError,
  parsePromql,
  type SeriesSource,
} from '../../packages/server/src/promql/index.js'
import { PROVE, record, seeded } from '../faults/prove.js'
import { type RunningPrometheus, startPrometheus, writeSeries } from '../fixtures/prometheus.js'
import { randomSeries, START_MS } from './differential/promql-data.js'
import { expression, mutated, when } from './differential/promql-expressions.js'

const LIMITS = { ...DEFAULT_LIMITS, now: () => performance.now() }
/** Sets of series, each in a Prometheus of its own, and queries for each. */
const SETS = PROVE ? 10 : 1
const RUNS = PROVE ? 2000 : 400
const STEPS = 12

let prometheus: RunningPrometheus | undefined
let source: SeriesSource
afterEach(() => prometheus?.stop())

const totals = { queries: 0, series: 0 }
afterAll(() => {
  record('promql', 'random queries that Prometheus answers alike, each at one time and over a range', totals.queries)
  record('promql', 'series of their answers compared', totals.series)
})

/** Series by their labels, each with its values by time; or that there was an error. */
type Outcome = ReadonlyMap<string, ReadonlyMap<number, number>> | 'error'

interface Body {
  readonly status: string
  readonly error?: string
  readonly data: {
    readonly resultType: string
    readonly result: readonly {
      readonly metric: Record<string, string>
      readonly value: [number, string]
      readonly values?: [number, string][]
    }[]
  }
}

async function theirs(path: string, parameters: Record<string, string>): Promise<Outcome> {
  const response = await fetch(`${prometheus?.api}/api/v1/${path}`, {
    method: 'POST',
    body: new URLSearchParams(parameters),
  })
  const { status, data, error } = (await response.json()) as Body
  // What we refuse by mistake would look right if an expression made no sense to both.
  if (status === 'error' && /parse error|unknown/.test(error ?? '')) throw new Error(error)
  if (status === 'error') return 'error'
  const point = ([time, value]: [number, string]): [number, number] => [
    Math.round(time * 1000),
    Number(value.replace('Inf', 'Infinity')),
  ]
  if (data.resultType === 'scalar')
    return new Map([['{}', new Map([point(data.result as unknown as [number, string])])]])
  return new Map(
    data.result.map(({ metric, value, values = [value] }) => [formatLabels(metric), new Map(values.map(point))]),
  )
}

function ours(evaluate: () => Outcome): Outcome {
  try {
    return evaluate()
  } catch (error) {
    if (error instanceof PromqlError && error.code === 'PROMQL_FAILED') return 'error'
    throw error
  }
}

function ourInstant(text: string, atMs: number): Outcome {
  const { value } = parsePromql(text).instant(source, atMs, LIMITS)
  if (value.type === 'scalar') return new Map([['{}', new Map([[atMs, value.value]])]])
  if (value.type !== 'vector') throw new Error(`${text} gives a ${value.type}`)
  return new Map(value.samples.map((one) => [formatLabels(one.labels), new Map([[atMs, one.value]])]))
}

function ourRange(text: string, startMs: number, stepMs: number): Outcome {
  const { value } = parsePromql(text).range(source, startMs, startMs + stepMs * STEPS, stepMs, LIMITS)
  return new Map(
    value.series.map(({ labels, times, values }) => [
      formatLabels(labels),
      new Map(Array.from(times).map((time, index) => [time, values[index]!])),
    ]),
  )
}

const isNear = (a: number | undefined, b: number) =>
  a !== undefined && (Object.is(a, b) || Math.abs(a - b) <= 1e-7 * Math.max(Math.abs(a), Math.abs(b), 1))

/** Throws where the outcomes differ. */
function compare(ourOutcome: Outcome, theirOutcome: Outcome): void {
  if (ourOutcome === 'error' || theirOutcome === 'error') {
    expect(ourOutcome).toEqual(theirOutcome)
    return
  }
  expect([...ourOutcome.keys()].sort()).toEqual([...theirOutcome.keys()].sort())
  for (const [key, wanted] of theirOutcome) {
    const found = ourOutcome.get(key)!
    const isSame = found.size === wanted.size && [...wanted].every(([time, value]) => isNear(found.get(time), value))
    if (!isSame) expect({ [key]: Object.fromEntries(found) }).toEqual({ [key]: Object.fromEntries(wanted) })
  }
}

test.each(Array.from({ length: SETS }, (_, set) => set))(
  'random queries over random series (%s) give what Prometheus gives, at one time and over a range',
  async (set) => {
    const random = seeded('promql', set)
    prometheus = await startPrometheus({ args: ['--web.enable-remote-write-receiver'] })
    const series = randomSeries(random)
    await writeSeries(prometheus.api, series)
    source = memorySource(series)
    const seen = { series: 0, errors: 0, empty: 0 }
    const property = fc.asyncProperty(expression, when, async (text, { startS, stepS }) => {
      const startMs = START_MS + startS * 1000 + 500
      const stepMs = Number(stepS) * 1000
      const time = String(startMs / 1000)
      const end = String((startMs + stepMs * STEPS) / 1000)
      const [atOnce, overTime] = await Promise.all([
        theirs('query', { query: text, time }),
        theirs('query_range', { query: text, start: time, end, step: stepS }),
      ])
      const ourAtOnce = ours(() => ourInstant(text, startMs))
      const ourOverTime = ours(() => ourRange(text, startMs, stepMs))
      compare(ourAtOnce, atOnce)
      compare(ourOverTime, overTime)
      if (overTime === 'error') seen.errors++
      else if (overTime.size === 0) seen.empty++
      else seen.series += overTime.size
    })
    await fc.assert(property, { numRuns: RUNS, seed: Math.floor(random() * 2 ** 31) })
    // Most queries find something: else the comparison would say little.
    expect(seen.errors + seen.empty).toBeLessThan(RUNS * 0.4)
    totals.queries += RUNS
    totals.series += seen.series
  },
  600_000,
)

/** What version 3 reads and 2.42 does not: durations as numbers and numbers as durations, quoted names, words as names. */
const NEWER = /duration|grouping opts|unexpected <op:atan2>|unexpected string .* in label matching/
/** What we do not read: words of the language as names of metrics; and patterns are refused early. */
const OLDER = /: (offset|on|ignoring|bool|group_left|group_right) is not expected|pattern/

test('what Prometheus refuses to read is refused, and the other way round', async () => {
  prometheus = await startPrometheus()
  let refused = 0
  const property = fc.asyncProperty(mutated, async (text) => {
    // Within brackets the old version passes over a word too many.
    fc.pre(!/\[[^\]]*\w \w/.test(text))
    const error = await theirRefusal(text)
    if (error !== undefined) refused++
    let ourError: string | undefined
    try {
      parsePromql(text)
    } catch (thrown) {
      if (!(thrown instanceof PromqlError)) throw thrown
      ourError = thrown.message
    }
    if ((error === undefined) === (ourError === undefined)) return
    expect(error ?? ourError).toMatch(error === undefined ? OLDER : NEWER)
  })
  await fc.assert(property, { numRuns: PROVE ? 10_000 : 400, seed: 20260801 })
  expect(refused).toBeGreaterThan(50)
}, 600_000)

async function theirRefusal(text: string): Promise<string | undefined> {
  const body = new URLSearchParams({ query: text, time: '0' })
  const response = await fetch(`${prometheus?.api}/api/v1/query`, { method: 'POST', body })
  const { status, error, errorType } = (await response.json()) as Body & { readonly errorType?: string }
  return status === 'error' && errorType === 'bad_data' ? error : undefined
}
