/** The thread of series and queries, through its front door: what it samples, keeps, answers and refuses. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { CATALOGUE, createRegistry, createView } from '../../../packages/instrument/src/metrics/index.js'
import { type Engine, type EngineSetup, openEngine } from '../../../packages/server/src/engine/index.js'
import { createKeeper } from '../../../packages/server/src/engine/keeper.js'
import type { VitalsError } from '../../../packages/server/src/errors/index.js'
import type { Vector } from '../../../packages/server/src/promql/index.js'
import { parseRuleFile } from '../../../packages/server/src/rules/index.js'
import { seriesOptions } from '../../../packages/server/src/series/index.js'
import type { SampleStore } from '../../../packages/server/src/store/index.js'
import { tempDir, testStore, until } from '../store/support.js'

const { mcp } = CATALOGUE
const TARGET = { job: 'mcp-vitals', instance: 'here:1' }
const HANGING = new URL('../../fixtures/hanging-thread.mjs', import.meta.url)

/** A store that keeps nothing. */
const nowhere: SampleStore = {
  keep: async () => {},
  series: async () => [],
  blocks: async () => ({ blocks: [], last: 0 }),
  rules: async () => [],
}

function opened(settings: Partial<EngineSetup> & { readonly series?: object } = {}) {
  const registry = createRegistry()
  const faults: VitalsError[] = []
  const engine = openEngine({
    source: registry,
    targets: () => [{ instance: 'notes', isUp: false }],
    store: nowhere,
    now: Date.now,
    onFault: (fault) => faults.push(fault),
    ...settings,
    options: seriesOptions.parse({ intervalMs: 1000, ...settings.series }),
  })
  onTestFinished(() => engine.close(), 20_000)
  return { registry, engine, faults }
}

type Sample = Readonly<Record<string, string | number>>

/** What an expression is now, once there is a sample. */
async function samples(engine: Engine, expr: string): Promise<readonly Sample[]> {
  await until(() => engine.stats().window)
  const { value } = await engine.query(expr, { atMs: Date.now() })
  return (value as Vector).samples.map(({ labels, value }) => ({ ...labels, value }))
}

test('samples every kind of metric as a Prometheus would that scrapes them, with the labels of the target', async () => {
  const { registry, engine } = opened()
  registry.counter(mcp.tool_calls_total).with('notes', 'read', 'success').inc(3)
  registry.histogram(mcp.session_duration_seconds).with('notes').observe(5)
  registry.summary(mcp.request_size_bytes).with('notes', 'ping', 'notes').observe(100)
  engine.start({ ...TARGET, server: 'mine' })
  const base = { ...TARGET, server: 'mine', exported_server: 'notes' }
  expect(await samples(engine, 'mcp_tool_calls_total')).toEqual([
    { __name__: 'mcp_tool_calls_total', ...base, tool: 'read', status: 'success', value: 3 },
  ])
  const buckets = await samples(engine, 'mcp_session_duration_seconds_bucket{le=~"1.0|10.0|.Inf"}')
  expect(buckets.map(({ le, value }) => [le, value])).toEqual([
    ['1.0', 0],
    ['10.0', 1],
    ['+Inf', 1],
  ])
  expect(await samples(engine, 'mcp_session_duration_seconds_sum')).toMatchObject([{ value: 5 }])
  expect(await samples(engine, 'mcp_request_size_bytes{quantile="0.5"}')).toMatchObject([{ method: 'ping' }])
  expect(await samples(engine, 'up')).toEqual([
    { __name__: 'up', ...TARGET, server: 'mine', value: 1 },
    { __name__: 'up', ...TARGET, instance: 'notes', server: 'mine', value: 0 },
  ])
})

test('sees series come and go, merged as a view shows them', async () => {
  const registry = createRegistry()
  const { engine } = opened({ source: createView(registry, { tool_calls_total: ['tool'] }) })
  registry.counter(mcp.tool_calls_total).with('a', 'read', 'success').inc(2)
  registry.counter(mcp.tool_calls_total).with('b', 'read', 'error').inc(5)
  engine.start(TARGET)
  expect(await samples(engine, 'mcp_tool_calls_total')).toMatchObject([{ tool: 'read', value: 7 }])
  registry.counter(mcp.tool_calls_total).with('b', 'write', 'error').inc()
  await until(async () => (await samples(engine, 'mcp_tool_calls_total')).length === 2)
  registry.remove(mcp.tool_calls_total)
  await until(async () => (await samples(engine, 'mcp_tool_calls_total')).length === 0)
})

test('has a metric that a view shows with fewer labels in full as well, for who asks for it, over a restart too', async () => {
  const { store } = await testStore(tempDir())
  const registry = createRegistry()
  const source = createView(registry, { tool_calls_total: ['tool'] })
  const full = { collect: () => registry.collect().filter(({ name }) => name === 'mcp_tool_calls_total') }
  registry.counter(mcp.tool_calls_total).with('a', 'read', 'success').inc(2)
  registry.counter(mcp.tool_calls_total).with('b', 'read', 'error').inc(5)
  // Of all the labels that the view drops this one has none: both are told apart all the same.
  registry.counter(mcp.tool_calls_total).with('', 'bare', '').inc(1)
  registry.gauge(mcp.queue_size).with('a', 'p').set(4)
  const first = opened({ source, full, store: store.samples })
  first.engine.start(TARGET)
  const seen = async (engine: Engine, labels: 'full' | 'view') => {
    await until(() => engine.stats().window)
    const { value } = await engine.query(
      '{__name__=~"mcp_tool_calls_total|mcp_queue_size"}',
      { atMs: Date.now() },
      { labels },
    )
    return (value as Vector).samples
      .map(({ labels: { server = '', tool = '' }, value }) => `${server} ${tool} ${value}`)
      .sort()
  }
  const inFull = [' bare 1', 'a  4', 'a read 2', 'b read 5']
  const inView = [' bare 1', ' read 7', 'a  4']
  expect(await seen(first.engine, 'full')).toEqual(inFull)
  expect(await seen(first.engine, 'view')).toEqual(inView)
  const servers = (engine: Engine, labels: 'full' | 'view') =>
    engine.labelValues('server', { selectors: ['mcp_tool_calls_total'], labels })
  expect(await servers(first.engine, 'full')).toEqual(['a', 'b'])
  expect(await servers(first.engine, 'view')).toEqual([])
  await first.engine.close()
  const second = opened({ source, full, store: store.samples })
  second.engine.start(TARGET)
  expect(await seen(second.engine, 'full')).toEqual(inFull)
  expect(await seen(second.engine, 'view')).toEqual(inView)
})

test('has its samples again after a restart, gaps and all', async () => {
  const { store } = await testStore(tempDir())
  const registry = createRegistry()
  registry.counter(mcp.tool_calls_total).with('a', 'read', 'success').inc(2)
  const first = opened({ source: registry, store: store.samples })
  first.engine.start(TARGET)
  await until(() => first.engine.stats().window?.samplesTaken)
  const startMs = first.engine.stats().sampledAtMs!
  await first.engine.close()
  const second = opened({ source: createRegistry(), store: store.samples })
  second.engine.start(TARGET)
  const range = { startMs: startMs - 60_000, endMs: Date.now(), stepMs: 1000 }
  const { value } = await second.engine.query('mcp_tool_calls_total', range)
  expect(value).toMatchObject({ series: [{ labels: { tool: 'read', ...TARGET } }] })
  await until(async () => (await samples(second.engine, 'mcp_tool_calls_total')).length === 0)
  expect([...first.faults, ...second.faults]).toEqual([])
})

test('a block on disk that is damaged is left out, and told of', async () => {
  const store: SampleStore = {
    ...nowhere,
    blocks: async (after) =>
      after > 0
        ? { blocks: [], last: after }
        : {
            blocks: [{ lane: 'scrape', resolution: 'raw', startMs: 1, endMs: 2, body: Uint8Array.from([1, 2, 3]) }],
            last: 1,
          },
  }
  const { engine, faults } = opened({ store })
  engine.start(TARGET)
  expect(await samples(engine, 'up')).toHaveLength(2)
  expect(faults.map(({ code }) => code)).toEqual(['SERIES_UNREADABLE'])
})

test('what a disk did not take is tried again with the next, in order; one fault is told of', async () => {
  const kept: number[] = []
  const faults: unknown[] = []
  let fails = true
  const keep: SampleStore['keep'] = async ({ gone }) => {
    if (fails) throw new Error('no room')
    kept.push(...gone)
  }
  const keeper = createKeeper({ ...nowhere, keep }, (fault) => faults.push(fault))
  const changes = (ref: number) => ({ series: [], gone: [ref], blocks: [], dropped: [] })
  await keeper.keep(changes(1))
  await keeper.keep(changes(2))
  fails = false
  await keeper.keep(changes(3))
  expect(kept).toEqual([1, 2, 3])
  expect(faults).toHaveLength(1)
  fails = true
  const block = { lane: 'scrape', resolution: 'raw', startMs: 1, endMs: 2, body: new Uint8Array(1) } as const
  for (let ref = 0; ref < 60; ref++) await keeper.keep({ ...changes(ref), blocks: [block] })
  fails = false
  await keeper.keep(changes(60))
  expect(kept.slice(3)).toEqual(Array.from({ length: 61 }, (_, ref) => ref))
  expect(keeper.lostBlocks()).toBe(11)
})

describe('what comes from outside', () => {
  const HOSTILE: readonly (readonly [expr: string, code: string])[] = [
    ['count_over_time(up[1y:1ms])', 'PROMQL_LIMIT'],
    ['sum_over_time(sum_over_time(up[30d:1s])[30d:1s])', 'PROMQL_LIMIT'],
    [`${'('.repeat(5000)}up${')'.repeat(5000)}`, 'PROMQL_INVALID'],
    [`up{a=~"${'(a*)*'.repeat(100)}b"}`, 'PROMQL_INVALID'],
    [`${'up + '.repeat(3000)}up`, 'PROMQL_INVALID'],
    ['label_replace(up, "x", "$1$1$1$1$1$1$1$1$1$1", "instance", "((((.*))))") +', 'PROMQL_INVALID'],
    [`${'-'.repeat(9000)}up`, 'PROMQL_INVALID'],
    [`up[5m:1s]${' offset 1y'.repeat(2)}`, 'PROMQL_INVALID'],
    ['max_over_time({__name__=~".+"}[30d:15s])', 'PROMQL_LIMIT'],
    ['quantile_over_time(0.5, vector(rand())[1h:1s])', 'PROMQL_INVALID'],
    ['predict_linear(vector(time())[400d:1s], 1e308)', 'PROMQL_LIMIT'],
    [`up{instance=~"${'(a|b|c|d)'.repeat(110)}"}`, 'PROMQL_INVALID'],
    ['up{instance=~"(.*.*.*.*.*.*.*.*)*x"}', 'answered'],
    ['up{instance=~"(a{900}){900}"}', 'PROMQL_INVALID'],
    [`${'label_replace('.repeat(190)}up${', "x", "$1$1", "x", "(.*)")'.repeat(190)}`, 'PROMQL_LIMIT'],
    [`${'label_join('.repeat(60)}up${', "x", "----------", "x", "x", "x")'.repeat(60)}`, 'PROMQL_LIMIT'],
    [`count_values("v", ${'up or '.repeat(180)}up)`, 'answered'],
    [`${'1 ^ '.repeat(2000)}2`, 'PROMQL_INVALID'],
    ['topk(1e300, up) + on () group_left () topk(1e300, up)', 'PROMQL_FAILED'],
    [`{${Array.from({ length: 900 }, (_, n) => `l${n}!="x"`).join()}}`, 'PROMQL_INVALID'],
  ]

  test('ends within its bounds, and the next query is answered', async () => {
    const { engine } = opened()
    engine.start(TARGET)
    for (const [expr, code] of HOSTILE) {
      const started = performance.now()
      const failure = await engine.query(expr, { atMs: Date.now() }).then(
        () => 'answered',
        (error: VitalsError) => error.code,
      )
      // A pattern that is linear may as well be answered: what counts is that it ends.
      expect([code, 'answered'], expr.slice(0, 60)).toContain(failure)
      expect(performance.now() - started).toBeLessThan(15_000)
    }
    expect(await samples(engine, 'up')).toHaveLength(2)
    expect(engine.stats().restarts).toBe(0)
  })

  test('looks for series no longer than a query may take, and the next question is answered', async () => {
    const { registry, engine } = opened({ series: { queryTimeoutMs: 200 } })
    for (let id = 0; id < 2000; id++)
      registry
        .counter(mcp.tool_calls_total)
        .with('s', `${id}-${'ab'.repeat(60)}`, 'success')
        .inc()
    engine.start(TARGET)
    await until(() => engine.stats().window)
    const selectors = [`{tool=~"${'(.+)+'.repeat(190)}!"}`]
    for (const asked of [
      () => engine.series({ selectors }),
      () => engine.labelNames({ selectors }),
      () => engine.labelValues('tool', { selectors }),
      () => engine.series({ selectors: [], expr: `rate(${selectors[0]}[5m])` }),
    ])
      await expect(asked()).rejects.toMatchObject({ code: 'PROMQL_TIMEOUT' })
    expect(await engine.series({ selectors: [], expr: 'vector(1)' })).toEqual([])
    expect(await engine.series({ selectors: [], expr: 'rate(up[5m]) + 1' })).toHaveLength(2)
    expect(engine.stats().restarts).toBe(0)
  })

  test('in rules ends within its bounds, too: the others are evaluated, and queries answered between them', async () => {
    const reports: string[] = []
    const { engine, faults } = opened({
      series: { queryTimeoutMs: 200, maxQuerySamples: 100_000_000 },
      onReport: ({ source, evidence }) => reports.push(`${source} ${evidence}`),
    })
    const slow = 'sum_over_time(deriv(vector(1)[10m:1s])[13h:1s]) > 0'
    const rules = [slow, slow, 'up == 0'].map((expr, at) => ({ alert: `A${at}`, expr }))
    const [group] = parseRuleFile('f', JSON.stringify({ groups: [{ name: 'g', rules }] }))
    engine.evaluate([{ ...group!, intervalMs: 1000 }])
    engine.start(TARGET)
    await until(() => reports.includes('f;g;A2 seen'))
    expect(await samples(engine, 'up')).toHaveLength(2)
    expect(reports.slice(0, 3)).toEqual(['f;g;A0 error', 'f;g;A1 error', 'f;g;A2 seen'])
    expect((await engine.rules())[0]!.rules.map(({ health }) => health)).toEqual(['err', 'err', 'ok'])
    await until(() => (engine.stats().groups['f;g']?.failures ?? 0) >= 2)
    expect([engine.stats().restarts, faults]).toEqual([0, []])
  })

  test('a query that takes its time is ended by it, while the main loop goes on', async () => {
    const { engine } = opened({ series: { queryTimeoutMs: 100, maxQuerySamples: 100_000_000 } })
    engine.start(TARGET)
    let turns = 0
    const timer = setInterval(() => turns++, 5)
    const slow = engine.query('sum_over_time(deriv(vector(1)[10m:1s])[13h:1s])', { atMs: Date.now() })
    await expect(slow).rejects.toMatchObject({ code: 'PROMQL_TIMEOUT' })
    clearInterval(timer)
    expect(turns).toBeGreaterThan(3)
  })

  test('an answer of millions of values is refused', async () => {
    const { registry, engine } = opened()
    for (let id = 0; id < 200; id++) registry.counter(mcp.tool_calls_total).with('s', `t${id}`, 'success').inc()
    engine.start(TARGET)
    await samples(engine, 'up')
    const endMs = Date.now()
    const range = { startMs: endMs - 10_999_000, endMs, stepMs: 1000 }
    const asked = engine.query('mcp_tool_calls_total @ end()', range)
    await expect(asked).rejects.toMatchObject({ code: 'QUERY_TOO_LARGE' })
  })

  test('beyond 64 that wait, queries are refused and counted, and those that wait are answered', async () => {
    const { engine } = opened()
    engine.start(TARGET)
    const asked = await Promise.allSettled(Array.from({ length: 100 }, () => engine.query('up', { atMs: Date.now() })))
    const refused = asked.filter((one) => one.status === 'rejected').map(({ reason }) => reason.code)
    expect(refused).toEqual(Array.from({ length: 36 }, () => 'QUERY_BUSY'))
    expect(engine.stats().queries).toEqual({ ok: 64, busy: 36 })
  })

  test('a thread that hangs is ended and begun anew, and who waited for it is told', async () => {
    const { engine, faults } = opened({ program: HANGING, graceMs: 200, series: { queryTimeoutMs: 100 } })
    engine.start(TARGET)
    const hung = Promise.allSettled(['hang', 'up'].map((expr) => engine.query(expr, { atMs: Date.now() })))
    expect((await hung).map((one) => (one as PromiseRejectedResult).reason.code)).toEqual([
      'QUERY_ABORTED',
      'QUERY_ABORTED',
    ])
    await until(() => engine.stats().restarts === 1)
    expect(faults).toHaveLength(1)
  })
})
