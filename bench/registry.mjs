// What counting costs: one labelled counter and one labelled histogram together, then one request through the fold,
// then a scrape of 50,000 series, whole, as OpenMetrics and through a view. Against the least that could be done by hand, and against prom-client.
import prom from 'prom-client'
import { event } from '../packages/instrument/dist/event/index.js'
import {
  CATALOGUE,
  createMetricsFold,
  createRegistry,
  createView,
  DURATION_BUCKETS_SECONDS,
  expose,
} from '../packages/instrument/dist/metrics/index.js'
import { measure, report } from './support/measure.mjs'

const { tool_calls_total: CALLS, tool_call_duration_seconds: DURATION } = CATALOGUE.mcp
const SECONDS = Float64Array.from({ length: 1024 }, (_, i) => ((i * 7919) % 1024) / 10_000)
const LABELS = ['files', 'read_file', 'success']

/** A Map of counts and one of bucket arrays, with keys written out: the floor. */
function byHand() {
  const counts = new Map([['files,read_file,success', 0]])
  const buckets = new Map([['files,read_file', { counts: new Array(18).fill(0), sum: 0 }]])
  return (operations) => {
    for (let i = 0; i < operations; i++) {
      const seconds = SECONDS[i & 1023]
      counts.set('files,read_file,success', counts.get('files,read_file,success') + 1)
      const histogram = buckets.get('files,read_file')
      let bucket = 0
      while (bucket < DURATION_BUCKETS_SECONDS.length && seconds > DURATION_BUCKETS_SECONDS[bucket]) bucket++
      histogram.counts[bucket]++
      histogram.sum += seconds
    }
  }
}

function resolvedOnce() {
  const registry = createRegistry()
  const calls = registry.counter(CALLS).with(...LABELS)
  const duration = registry.histogram(DURATION).with('files', 'read_file')
  return (operations) => {
    for (let i = 0; i < operations; i++) {
      calls.inc()
      duration.observe(SECONDS[i & 1023])
    }
  }
}

function lookedUpEachTime() {
  const registry = createRegistry()
  return (operations) => {
    for (let i = 0; i < operations; i++) {
      registry.counter(CALLS).with('files', 'read_file', 'success').inc()
      registry
        .histogram(DURATION)
        .with('files', 'read_file')
        .observe(SECONDS[i & 1023])
    }
  }
}

function promClientMetrics(registers) {
  const calls = new prom.Counter({ name: 'calls_total', help: 'h', labelNames: [...CALLS.labels], registers })
  const duration = new prom.Histogram({
    name: 'duration_seconds',
    help: 'h',
    labelNames: [...DURATION.labels],
    buckets: [...DURATION_BUCKETS_SECONDS],
    registers,
  })
  return { calls, duration }
}

function promClient() {
  const { calls, duration } = promClientMetrics([new prom.Registry()])
  return (operations) => {
    for (let i = 0; i < operations; i++) {
      calls.inc({ server: 'files', tool: 'read_file', status: 'success' })
      duration.observe({ server: 'files', tool: 'read_file' }, SECONDS[i & 1023])
    }
  }
}

function throughFold() {
  const { fold } = createMetricsFold(createRegistry())
  const origin = { server: 'files', session: 's-1', transport: 'stdio' }
  const common = { direction: 'client_to_server', method: 'tools/call', name: 'read_file', operation: 'o-1' }
  const started = event('request.started', 0, origin, common)
  const ended = event('request.ended', 0, origin, {
    ...common,
    outcome: 'ok',
    status: 200,
    durationMs: 12,
    requestBytes: 200,
    responseBytes: 900,
  })
  return (operations) => {
    for (let i = 0; i < operations; i++) {
      fold(started, 'local')
      fold(ended, 'local')
    }
  }
}

const pair = measure(
  {
    'by hand': byHand(),
    'mcp-vitals, handles resolved once': resolvedOnce(),
    'mcp-vitals, looked up each time': lookedUpEachTime(),
    'prom-client': promClient(),
  },
  { operations: 200_000 },
)
report('One labelled counter and one labelled histogram', pair, { base: 'by hand' })

const fold = measure({ 'request.started and request.ended': throughFold() }, { operations: 50_000 })
report('One tool call through the metrics fold', fold, { base: 'request.started and request.ended' })

const SERIES = 50_000
const ours = createRegistry({ maxSeriesPerMetric: SERIES })
const registry = new prom.Registry()
const theirs = promClientMetrics([registry]).calls
for (let i = 0; i < SERIES; i++) {
  ours
    .counter(CALLS)
    .with(`server-${i % 50}`, `tool-${i}`, 'success')
    .inc(i)
  theirs.inc({ server: `server-${i % 50}`, tool: `tool-${i}`, status: 'success' }, i)
}
const narrow = createView(ours, { tool_calls_total: ['server', 'status'] })
const scrapes = {
  'mcp-vitals': () => expose(ours),
  'mcp-vitals, OpenMetrics': () => expose(ours, 'openmetrics'),
  'mcp-vitals, merged into 50 by a view': () => expose(narrow),
  'prom-client': () => registry.metrics(),
}
const perSeries = Object.fromEntries(Object.keys(scrapes).map((name) => [name, []]))
for (let round = 0; round < 5; round++) {
  for (const [name, scrape] of Object.entries(scrapes)) {
    const start = process.hrtime.bigint()
    await scrape()
    perSeries[name].push(Number(process.hrtime.bigint() - start) / SERIES)
  }
}
const medians = Object.fromEntries(Object.entries(perSeries).map(([name, v]) => [name, v.toSorted((a, b) => a - b)[2]]))
report(`A scrape of ${SERIES} series`, medians, { base: 'mcp-vitals', per: 'series' })

/** What a scrape of one series may take, in nanoseconds. */
const MOST_NS = 3000
if (medians['mcp-vitals'] > MOST_NS) {
  console.error(`a scrape takes more than ${MOST_NS} ns a series`)
  process.exitCode = 1
}
