/**
 * Questions that cost as much as they can, to a daemon that remembers very many series: each ends, the memory stays bounded,
 * health answers meanwhile, and the thread that evaluates them need not be ended for one.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { daemonOfTest, metric, type RunningDaemon } from '../fixtures/daemon.js'
import { until } from '../fixtures/until.js'
import { PROVE, record } from './prove.js'

const PROOF = 'hostile queries'
/** Plugins, and commands of each: a plugin's command is 21 series, most of them buckets of a histogram. */
const SIDE = PROVE ? 50 : 13
const LEAST_SERIES = PROVE ? 50_000 : 3000
/** Events of one post, the most that the ingest takes. */
const BATCH = 1000
/** Time of one query, here. */
const QUERY_MS = PROVE ? 2000 : 500
/** How long any answer may be waited for: some 64 queries may stand before it. */
const DEADLINE_MS = 900_000
const MOST_RESIDENT_MB = 2000

const ALL = '{__name__=~".+"}'
/** A pattern that takes RE2 some milliseconds for each text. */
const SLOW = `${'(.+)+'.repeat(190)}!`
const times = (count: number, text: string) => text.repeat(count)
const at = (seconds: number) => String(Date.now() / 1000 - seconds)
const range = (query: string, seconds: number, step: number) =>
  ['query_range', { query, start: at(seconds), end: at(0), step: String(step) }] as const

/** Paths of the API, and forms. */
const HOSTILE: readonly (readonly [path: string, form: Readonly<Record<string, string | readonly string[]>>])[] = [
  ['query', { query: ALL }],
  ['query', { query: ALL, lookback_delta: '100y', timeout: '1000000' }],
  ['query', { query: `rate(${ALL}[1d])` }],
  ['query', { query: `quantile_over_time(0.5, ${ALL}[1d:1s])` }],
  ['query', { query: `{plugin=~"${SLOW}"}` }],
  ['query', { query: `label_replace(${ALL}, "x", "$1$1$1", "plugin", "${SLOW}")` }],
  [
    'query',
    { query: `label_replace(label_join(${ALL}, "x", "-"${times(40, ', "__name__"')}), "x", "", "x", "${SLOW}")` },
  ],
  ['query', { query: `${times(60, 'label_replace(')}${ALL}${times(60, ', "plugin", "$1$1", "plugin", "(.*)")')}` }],
  ['query', { query: `count_values("v", label_join(${ALL}, "x", "-", "plugin", "plugin", "plugin"))` }],
  ['query', { query: `${ALL} * on () group_left () ${ALL}` }],
  ['query', { query: `${ALL} + on (__name__, plugin, le) ${ALL}` }],
  [
    'query',
    { query: Array.from({ length: 100 }, (_, n) => `label_replace(${ALL}, "n", "${n}", "", "")`).join(' or ') },
  ],
  ['query', { query: `sort(topk(1e9, ${ALL})) unless on (plugin, le, __name__) bottomk(1e9, ${ALL})` }],
  ['query', { query: `histogram_quantile(0.9, label_replace(${ALL}, "le", "$1", "plugin", "(.*)"))` }],
  ['query', { query: 'sum_over_time(deriv(vector(1)[10m:1s])[13h:1s])' }],
  range(ALL, 21_600, 2),
  range(`sum by (plugin, le) (rate(${ALL}[5m]))`, 21_600, 2),
  range(`max_over_time(${ALL}[1d:1m])`, 86_400, 60),
  range(`${ALL} @ end() offset -1y`, 10_000, 1),
  ['series', { 'match[]': Array.from({ length: 15 }, (_, n) => `{plugin=~"${SLOW}",job!="${n}"}`) }],
  ['labels', { 'match[]': `{plugin=~"${SLOW}"}` }],
  ['query_exemplars', { query: `rate({plugin=~"${SLOW}"}[5m])` }],
  [`label/plugin/values`, { 'match[]': `{plugin=~"${SLOW}"}` }],
  ['rules', { 'match[]': Array.from({ length: 3 }, (_, n) => `{ruleset=~"${SLOW}",job!="${n}"}`) }],
]
/** What Prometheus's API answers: right, wrong, refused for its cost, out of time or too busy. */
const ANSWERS = [200, 400, 422, 503]

async function fill(daemon: RunningDaemon): Promise<void> {
  const token = readFileSync(join(daemon.dataDir, 'token'), 'utf8').trim()
  const events = Array.from({ length: SIDE ** 2 }, (_, index) => ({
    ...{ type: 'plugin', server: 'jobs', plugin: `plugin-${index % SIDE}`, command: `run-${Math.floor(index / SIDE)}` },
    ...{ outcome: 'ok', durationMs: index },
  }))
  for (let from = 0; from < events.length; from += BATCH) {
    const answer = await fetch(`${daemon.url}/v1/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        sender: { kind: 'script', name: 'app', version: '1' },
        events: events.slice(from, from + BATCH),
      }),
    })
    expect(await answer.json()).toMatchObject({ rejected: [] })
  }
  await until(
    async () => ((await metric(daemon.url, 'mcp_vitals_series_kept')) ?? 0) >= LEAST_SERIES,
    60_000,
    () => daemon.stdout().slice(-2000),
  )
}

async function statusOf(daemon: RunningDaemon, [path, form]: (typeof HOSTILE)[number]): Promise<number> {
  const body = new URLSearchParams()
  for (const [name, values] of Object.entries(form))
    for (const value of typeof values === 'string' ? [values] : values) body.append(name, value)
  const url = `${daemon.url}/api/v1/${path}`
  const isPosted = path !== 'rules' && !path.startsWith('label/')
  const signal = AbortSignal.timeout(DEADLINE_MS)
  const answer = await fetch(
    isPosted ? url : `${url}?${body}`,
    isPosted ? { method: 'POST', body, signal } : { signal },
  )
  await answer.arrayBuffer()
  return answer.status
}

/** The most memory that a process ever had resident. */
function mostResidentMb(pid: number): number {
  const [, kibibytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return (Number(kibibytes) * 1024) / 1e6
}

test(`a daemon with ${LEAST_SERIES} series ends what costs too much, and goes on`, {
  timeout: DEADLINE_MS,
}, async () => {
  const daemon = await daemonOfTest({
    config: { series: { intervalMs: 1000, queryTimeoutMs: QUERY_MS }, rules: { sets: ['own', 'plugins'] } },
  })
  await fill(daemon)
  const waits: number[] = []
  let isOver = false
  const healthy = (async () => {
    while (!isOver) {
      const started = performance.now()
      const { status } = await fetch(`${daemon.url}/health`, { signal: AbortSignal.timeout(30_000) })
      expect(status).toBe(200)
      waits.push(performance.now() - started)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  })()
  const took: number[] = []
  for (const asked of HOSTILE) {
    const started = performance.now()
    const status = await statusOf(daemon, asked)
    expect(ANSWERS, JSON.stringify(asked).slice(0, 120)).toContain(status)
    took.push(performance.now() - started)
  }
  const atOnce = await Promise.all(
    Array.from({ length: PROVE ? 4 : 1 }, () => HOSTILE).flatMap((all) => all.map((asked) => statusOf(daemon, asked))),
  )
  for (const status of atOnce) expect(ANSWERS).toContain(status)
  isOver = true
  await healthy
  const answer = await fetch(
    `${daemon.url}/api/v1/query?query=${encodeURIComponent('count(mcp_plugin_executions_total)')}`,
  )
  expect(await answer.json()).toMatchObject({ data: { result: [{ value: [expect.any(Number), String(SIDE ** 2)] }] } })
  expect(await metric(daemon.url, 'mcp_vitals_engine_restarts_total')).toBe(0)
  const residentMb = mostResidentMb(daemon.process.pid as number)
  expect(residentMb).toBeLessThan(MOST_RESIDENT_MB)
  record(PROOF, 'series', (await metric(daemon.url, 'mcp_vitals_series_kept')) ?? 0)
  record(PROOF, 'questions, none of which ended the thread', HOSTILE.length + atOnce.length)
  record(PROOF, 'longest that one took by itself', Math.max(...took).toFixed(0), 'ms')
  record(PROOF, 'longest that health took meanwhile', Math.max(...waits).toFixed(0), 'ms')
  record(PROOF, 'resident memory, most', residentMb.toFixed(0), 'MB')
})
