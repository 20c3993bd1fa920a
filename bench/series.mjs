/**
 * What the engine costs over the series that it keeps, beside Debian's Prometheus with the same samples: bytes a sample;
 * one evaluation of 25 rules over 10,000 series (theirs by its own account of the group, ours by the engine's); and range
 * queries over 1,000 series of 6 hours (a sample every 15 s, a step every 60 s), theirs by its own account of the
 * evaluation. Of the series a quarter stand still, half are counters that rise by whole numbers, an eighth are whole gauges,
 * and an eighth sums of fractions, which hardly pack. It fails where 50,000 series take more than 3 bytes a sample; the rules
 * are to take less than 100 ms on a machine that does nothing else.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ruler } from '../packages/server/dist/engine/ruler.js'
import { DEFAULT_LIMITS, parsePromql } from '../packages/server/dist/promql/index.js'
import { parseRuleFile } from '../packages/server/dist/rules/index.js'
import { pairsOf, SeriesWindow } from '../packages/server/dist/series/index.js'
import { median } from './support/measure.mjs'
import { startPrometheus, writeSeries } from './support/prometheus.mjs'
import { rulesOver } from './support/rules.mjs'

const INTERVAL_MS = 15_000
const ROUNDS = 9
const MOST_BYTES = 3
const LIMITS = { ...DEFAULT_LIMITS, maxSamples: 100_000_000, timeoutMs: 60_000, now: () => performance.now() }
const KEPT = { raw: 7 * 86_400_000, rolled: 30 * 86_400_000 }
/** The end of all samples. */
const END_MS = Math.floor(Date.now() / INTERVAL_MS) * INTERVAL_MS - INTERVAL_MS

/** Numbers from 0 up to 1 that are the same each time (mulberry32). */
function numbers(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const KINDS = ['still', 'counter', 'gauge', 'counter', 'still', 'counter', 'sum', 'counter']
const NAMES = { still: 'calls_total', counter: 'calls_total', gauge: 'queue_size', sum: 'seconds_sum' }

/** What the `number`th series is called, and its next value. */
function seriesOf(number) {
  const kind = KINDS[number % KINDS.length]
  const random = numbers(number)
  let value = number % 50
  const next = () => {
    if (kind === 'counter') value += Math.floor(random() * 10)
    if (kind === 'gauge') value = Math.max(0, value + Math.floor(random() * 5) - 2)
    if (kind === 'sum') value += random()
    return value
  }
  const labels = {
    __name__: NAMES[kind],
    server: `server-${number % 7}`,
    tool: `tool-${number % 97}`,
    status: number % 3 === 0 ? 'error' : 'success',
    instance: String(number),
  }
  return { labels, next }
}

/** A window with `count` series of `ticks` samples, as the daemon keeps them; and the same for a Prometheus, where asked for. */
function fill(count, ticks, { forPrometheus = false } = {}) {
  const window = new SeriesWindow({ maxSeries: count + 1000, maxBytes: 4 * 2 ** 30, keptMs: KEPT })
  const lane = window.lane('scrape', INTERVAL_MS)
  const series = Array.from({ length: count }, (_, number) => seriesOf(number))
  const startMs = END_MS - (ticks - 1) * INTERVAL_MS
  const refs = Uint32Array.from(series, ({ labels }) => window.refOf(lane, pairsOf(labels), startMs))
  const times = Float64Array.from({ length: ticks }, (_, tick) => startMs + tick * INTERVAL_MS)
  const kept = forPrometheus ? series.map(({ labels }) => ({ labels, times, values: new Float64Array(ticks) })) : []
  for (const [tick, atMs] of times.entries()) {
    const values = Float64Array.from(series, ({ next }) => next())
    for (const [at, one] of kept.entries()) one.values[tick] = values[at]
    window.append(lane, { atMs, refs, values })
    window.takeChanges()
  }
  return { window, series: kept, samples: count * ticks }
}

/** Bytes of packed samples: what is newest lies unpacked, in one block's room whatever the window. */
function bytesASample({ window, samples }) {
  window.seal()
  const head = window.lane('scrape', INTERVAL_MS)
  const packed = head.blocks.raw.reduce((sum, block) => sum + block.sizeBytes, 0)
  return packed / samples
}

const RULES = rulesOver(1000, 'seconds_sum')
const RULE_FILE = JSON.stringify({
  groups: [{ name: 'bench', interval: '1s', rules: RULES.map((expr, n) => ({ alert: `A${n}`, expr, for: '1m' })) }],
})

const RANGES = [
  'sum by (tool) (rate(calls_total[5m]))',
  'sum by (server) (rate(calls_total{status="error"}[5m])) / sum by (server) (rate(calls_total[5m]))',
  'max_over_time(queue_size[1h])',
  'calls_total',
]

const problems = []
const hold = (what, value, most) => {
  if (value > most) problems.push(`${what}: ${value.toFixed(2)}, more than ${most}`)
}

/** Size of Prometheus's samples after it packed them into a block, by its own count of them. */
async function theirBytes(api, dataDir) {
  const answer = await (await fetch(`${api}/api/v1/admin/tsdb/snapshot`, { method: 'POST' })).json()
  const folder = join(dataDir, 'snapshots', answer.data.name)
  let [bytes, samples] = [0, 0]
  for (const block of readdirSync(folder)) {
    for (const file of readdirSync(join(folder, block, 'chunks')))
      bytes += statSync(join(folder, block, 'chunks', file)).size
    samples += JSON.parse(readFileSync(join(folder, block, 'meta.json'), 'utf8')).stats.numSamples
  }
  return bytes / samples
}

async function bytes() {
  const many = bytesASample(fill(50_000, 240))
  hold('bytes a sample of 50,000 series', many, MOST_BYTES)
  const same = fill(10_000, 240, { forPrometheus: true })
  const ours = bytesASample(same)
  const { api, dataDir, stop } = await startPrometheus({
    args: ['--web.enable-remote-write-receiver', '--web.enable-admin-api'],
  })
  await writeSeries(api, same.series)
  const theirs = await theirBytes(api, dataDir)
  await stop()
  console.log('\nbytes a sample, of an hour of samples')
  console.log(`  ours, 50,000 series                 ${many.toFixed(2)}`)
  console.log(`  ours, 10,000 series                 ${ours.toFixed(2)}   ${(ours / theirs).toFixed(2)}x`)
  console.log(`  Prometheus, chunks of the same      ${theirs.toFixed(2)}   1.00x`)
}

function ourRules(window) {
  const groups = parseRuleFile('bench.yml', RULE_FILE).map((group) => ({ ...group, intervalMs: 1000 }))
  let newest
  const tell = ({ figures }) => {
    newest = figures
  }
  const ruler = new Ruler({ window, limits: () => LIMITS, now: () => performance.now(), tell })
  let nowMs = END_MS
  ruler.set(groups, nowMs)
  ruler.start()
  const [taken, busy] = [[], []]
  for (let round = 0; round < ROUNDS; round++) {
    nowMs += 1000
    const before = process.cpuUsage()
    while (ruler.step(nowMs));
    const { user, system } = process.cpuUsage(before)
    taken.push(newest.tookMs)
    busy.push((user + system) / 1000)
  }
  if (newest.failures > 0) problems.push(`${newest.failures} evaluations failed`)
  return { takenMs: median(taken), busyMs: median(busy) }
}

async function theirRules(series) {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-vitals-bench-'))
  const file = join(folder, 'rules.yml')
  writeFileSync(file, RULE_FILE)
  const { api, stop } = await startPrometheus({
    config: { rule_files: [file] },
    args: ['--web.enable-remote-write-receiver'],
  })
  await writeSeries(api, series)
  const taken = []
  for (let last = ''; taken.length < ROUNDS; await new Promise((resolve) => setTimeout(resolve, 200))) {
    const { data } = await (await fetch(`${api}/api/v1/rules`)).json()
    const [{ evaluationTime, lastEvaluation, rules }] = data.groups
    const bad = rules.find(({ health }) => health === 'err')
    if (bad) throw new Error(bad.lastError)
    if (lastEvaluation !== last) taken.push(evaluationTime * 1000)
    last = lastEvaluation
  }
  await stop()
  rmSync(folder, { recursive: true })
  return median(taken)
}

async function rules() {
  const { window, series } = fill(10_000, 60, { forPrometheus: true })
  const { takenMs, busyMs } = ourRules(window)
  const theirs = await theirRules(series)
  console.log('\n25 rules over 10,000 series, one evaluation (medians, ms)')
  console.log(
    `  ours         ${takenMs.toFixed(1).padStart(7)}   ${(takenMs / theirs).toFixed(2)}x   (CPU: ${busyMs.toFixed(1)})`,
  )
  console.log(`  Prometheus   ${theirs.toFixed(1).padStart(7)}   1.00x`)
}

async function ranges() {
  const { window, series } = fill(1000, 1440, { forPrometheus: true })
  const { api, stop } = await startPrometheus({ args: ['--web.enable-remote-write-receiver'] })
  await writeSeries(api, series)
  // Off the samples: 2.42 has ranges that are closed on the left.
  const endMs = END_MS + 500
  const startMs = endMs - 6 * 3_600_000
  console.log('\nrange queries over 1,000 series, 6 h, step 60 s (medians, ms)')
  console.log('     ours   Prometheus    ratio')
  for (const query of RANGES) {
    const parsed = parsePromql(query)
    const [ours, theirs] = [[], []]
    for (let round = 0; round < ROUNDS; round++) {
      const started = performance.now()
      parsed.range(window, startMs, endMs, 60_000, LIMITS)
      ours.push(performance.now() - started)
      const body = new URLSearchParams({ query, start: startMs / 1000, end: endMs / 1000, step: 60, stats: 'all' })
      const { data } = await (await fetch(`${api}/api/v1/query_range`, { method: 'POST', body })).json()
      theirs.push(data.stats.timings.evalTotalTime * 1000)
    }
    const [a, b] = [median(ours), median(theirs)]
    console.log(
      `  ${a.toFixed(1).padStart(7)}   ${b.toFixed(1).padStart(10)}   ${(a / b).toFixed(2).padStart(5)}x   ${query}`,
    )
  }
  await stop()
}

await bytes()
await rules()
await ranges()
for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exitCode = 1
