/**
 * What PromQL costs: reading an expression, one value of each of 10,000 series as alert rules ask for them, and range
 * queries over 1,000 series of 6 hours (a sample every 15 s, a step every 60 s). The same data are in Debian's Prometheus,
 * which is asked over HTTP; its own account of the evaluation alone stands beside the whole answer. Ours are the engine
 * alone, over samples that lie in memory unpacked.
 */
import { DEFAULT_LIMITS, memorySource, parsePromql } from '../packages/server/dist/promql/index.js'
import { median } from './support/measure.mjs'
import { startPrometheus, writeSeries } from './support/prometheus.mjs'
import { rulesOver } from './support/rules.mjs'

const LIMITS = { ...DEFAULT_LIMITS, maxSamples: 100_000_000, timeoutMs: 60_000, now: () => performance.now() }
const START_MS = 1_767_268_800_000
const ROUNDS = 9

/** `count` series of counters (a tenth of them gauges), `samples` each, every 15 s. */
function makeSeries(count, samples) {
  return Array.from({ length: count }, (_, number) => {
    const times = Float64Array.from({ length: samples }, (__, index) => START_MS + index * 15_000 + 137)
    const isGauge = number % 10 === 9
    let value = number
    const values = Float64Array.from({ length: samples }, (__, index) => {
      value += (number * 7919 + index * 104_729) % 11
      return isGauge ? value % 50 : value
    })
    const labels = {
      __name__: isGauge ? 'queue_size' : 'calls_total',
      server: `server-${number % 7}`,
      tool: `tool-${number % 97}`,
      status: number % 3 === 0 ? 'error' : 'success',
      instance: String(number),
    }
    return { labels, times, values }
  })
}

const RANGES = [
  'sum by (tool) (rate(calls_total[5m]))',
  'calls_total',
  'sum by (server) (rate(calls_total{status="error"}[5m])) / sum by (server) (rate(calls_total[5m]))',
  'max_over_time(queue_size[1h])',
  'topk(5, sum by (tool) (increase(calls_total[30m])))',
  'quantile by (server) (0.95, deriv(queue_size[10m]))',
]

const RULES = rulesOver(100, 'calls_total')

const milliseconds = (run) => {
  const start = performance.now()
  run()
  return performance.now() - start
}

function reading() {
  const taken = []
  for (let round = 0; round < 200; round++) taken.push(milliseconds(() => RANGES.map((text) => parsePromql(text))))
  console.log(
    `\nreading an expression: ${((median(taken) / RANGES.length) * 1000).toFixed(0)} µs (median of ${RANGES.length} kinds)`,
  )
}

function rules() {
  const source = memorySource(makeSeries(10_000, 42))
  const queries = RULES.map((text) => parsePromql(text))
  const atMs = START_MS + 41 * 15_000 + 500
  const [taken, busy] = [[], []]
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage()
    taken.push(milliseconds(() => queries.map((query) => query.instant(source, atMs, LIMITS))))
    const { user, system } = process.cpuUsage(before)
    busy.push((user + system) / 1000)
  }
  console.log(
    `\n25 rules over 10,000 series: ${median(taken).toFixed(1)} ms a round, ${median(busy).toFixed(1)} ms of CPU (medians of ${ROUNDS})`,
  )
}

async function asked(api, parameters) {
  const start = performance.now()
  const body = new URLSearchParams({ ...parameters, stats: 'all' })
  const answer = await (await fetch(`${api}/api/v1/query_range`, { method: 'POST', body })).json()
  if (answer.status !== 'success') throw new Error(answer.error)
  return { wholeMs: performance.now() - start, evalMs: answer.data.stats.timings.evalTotalTime * 1000 }
}

async function ranges() {
  const series = makeSeries(1000, 1440)
  const source = memorySource(series)
  const { api, stop } = await startPrometheus({ args: ['--web.enable-remote-write-receiver'] })
  await writeSeries(api, series)
  const startMs = START_MS + 500
  const endMs = startMs + 6 * 3_600_000
  console.log('\nrange queries over 1,000 series, 6 h, step 60 s (median ms; ratio to the evaluation alone)')
  console.log('  ours   Prometheus: evaluation, whole answer   ratio')
  for (const text of RANGES) {
    const query = parsePromql(text)
    const [ours, evaluation, whole] = [[], [], []]
    for (let round = 0; round < ROUNDS; round++) {
      ours.push(milliseconds(() => query.range(source, startMs, endMs, 60_000, LIMITS)))
      const { wholeMs, evalMs } = await asked(api, { query: text, start: startMs / 1000, end: endMs / 1000, step: 60 })
      evaluation.push(evalMs)
      whole.push(wholeMs)
    }
    const [a, b, c] = [ours, evaluation, whole].map(median)
    console.log(
      `  ${a.toFixed(1).padStart(6)} ${b.toFixed(1).padStart(10)} ${c.toFixed(1).padStart(10)}   ${(a / b).toFixed(2)}x   ${text}`,
    )
  }
  await stop()
}

reading()
rules()
await ranges()
