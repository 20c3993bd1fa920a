/** What each receiver is told, read by readers that know its protocol and nothing of us. */
import { event } from '@mcp-vitals/instrument/event'
import { CATALOGUE, createRegistry, expose } from '@mcp-vitals/instrument/metrics'
import { describe, expect, test } from 'vitest'
import { pushFarEnd, readLoki, readOtlp, readWrite } from '../../fixtures/push-far-ends.js'
import { until } from '../../fixtures/until.js'
import { everyMetricMoved } from '../metrics/every-metric.js'
import { readExposition } from '../metrics/read-exposition.js'
import { AT, callOf, lineOf, NOTES, opened, someMetrics } from './opened.js'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const PARENT = 'b7ad6b7169203331'

describe('Loki', () => {
  test('streams are told apart by server and level alone, and lines of one moment keep their order', async () => {
    const far = await pushFarEnd()
    const { push } = await opened({ loki: { url: `${far.url}/loki/api/v1/push` } })
    const own = lineOf('own', { fields: {}, level: 'warning', text: 'own' })
    push.takeLines([lineOf('first'), lineOf('first'), own])
    await push.close()
    expect(far.got.map(({ path }) => path)).toEqual(['/loki/api/v1/push'])
    const lines = readLoki(far.got[0]!)
    const labels = { job: 'mcp-vitals', instance: 'here:9464', environment: 'test' }
    expect(lines).toEqual([
      {
        labels: { ...labels, server: 'notes', level: 'info' },
        nanos: BigInt(AT) * 1_000_000n,
        line: lineOf('first').text,
      },
      {
        labels: { ...labels, server: 'notes', level: 'info' },
        nanos: BigInt(AT) * 1_000_000n + 1n,
        line: lineOf('first').text,
      },
      {
        labels: { ...labels, server: 'mcp-vitals', level: 'warning' },
        nanos: BigInt(AT) * 1_000_000n + 2n,
        line: 'own',
      },
    ])
  })

  test('servers that nobody configured do not make streams without end', async () => {
    const far = await pushFarEnd()
    const { push } = await opened({ loki: { url: far.url } })
    push.takeLines(Array.from({ length: 500 }, (_, at) => lineOf('x', { fields: { server: `s${at}` } })))
    await push.close()
    const servers = new Set(far.got.flatMap(readLoki).map(({ labels }) => labels.server))
    // The daemon's own stream has its place, whoever comes first.
    expect(servers.size).toBe(100)
    expect(servers).toContain('other')
  })
})

describe('OTLP', () => {
  async function spansOf(events: Parameters<Awaited<ReturnType<typeof opened>>['push']['takeEvents']>[0]) {
    const far = await pushFarEnd()
    const { push } = await opened({ otlp: { endpoint: `${far.url}/`, metrics: false, logs: false } })
    push.takeEvents(events)
    await push.close()
    return far.got.flatMap(readOtlp)
  }

  test('a call is a span by the conventions for MCP, under the service that was called', async () => {
    const [span, ...others] = await spansOf([
      event('session.opened', AT, NOTES, { era: 'legacy', protocolVersion: '2025-11-25' }),
      event('tools.listed', AT, NOTES, { tools: ['add'], hashes: [''], sizeBytes: 10, complete: true }),
      callOf('add', { outcome: 'tool_error', waitMs: 50, traceId: TRACE, parentSpanId: PARENT }),
    ])
    expect(others).toEqual([])
    expect(span!.resource).toEqual({ 'service.name': 'notes', environment: 'test' })
    expect(span!.item).toMatchObject({
      ...{ traceId: TRACE, parentSpanId: PARENT, name: 'tools/call add', kind: 2, status: { code: 2 } },
      startTimeUnixNano: `${AT - 300}000000`,
      endTimeUnixNano: `${AT}000000`,
    })
    expect(span!.attributes).toEqual({
      'mcp.method.name': 'tools/call',
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'add',
      'error.type': 'tool_error',
      'mcp.protocol.version': '2025-11-25',
      'mcp.session.id': 's-1',
      'network.transport': 'pipe',
    })
  })

  test('a name that its server did not vouch for is in no span; a code is the type of its error', async () => {
    const failed = { outcome: 'protocol_error', errorCode: '-32602' }
    const spans = await spansOf([
      callOf('invented', failed),
      callOf('works', { parentSpanId: PARENT }),
      callOf('works', { ...failed, direction: 'server_to_client' }, { server: 'far', transport: 'http' }),
    ])
    expect(spans.map(({ item }) => [item.name, item.kind, item.status])).toEqual([
      ['tools/call', 2, { code: 2 }],
      ['tools/call works', 2, undefined],
      ['tools/call', 3, { code: 2 }],
    ])
    expect(spans[0]!.attributes).toMatchObject({ 'error.type': '-32602', 'rpc.response.status_code': '-32602' })
    expect(spans[0]!.attributes).not.toHaveProperty('gen_ai.tool.name')
    expect(spans[2]!.attributes).toMatchObject({ 'network.transport': 'tcp' })
    expect(new Set(spans.map(({ item }) => item.traceId)).size).toBe(3)
    // Each is the root of a trace of its own.
    for (const { item } of spans) expect(item).not.toHaveProperty('parentSpanId')
  })

  test('a line is a log record, in its trace', async () => {
    const far = await pushFarEnd()
    const { push } = await opened({ otlp: { endpoint: far.url, metrics: false, traces: false } })
    push.takeLines([lineOf('Tool completed', { level: 'error', fields: { server: 'notes', traceId: TRACE, ms: 1.5 } })])
    await push.close()
    const [record] = far.got.flatMap(readOtlp)
    expect(record!.resource).toEqual({
      ...{ environment: 'test', 'service.name': 'mcp-vitals', 'service.instance.id': 'here:9464' },
      'service.version': '1.2.3',
    })
    expect(record!.item).toMatchObject({
      ...{ severityNumber: 17, severityText: 'ERROR', body: { stringValue: 'Tool completed' }, traceId: TRACE },
      timeUnixNano: `${AT}000000`,
    })
    expect(record!.attributes).toEqual({ server: 'notes', ms: 1.5, event: 'tool_call_completed' })
  })

  test('every metric is told with its kind, its unit and its points', async () => {
    const far = await pushFarEnd()
    const registry = everyMetricMoved()
    const { push } = await opened({ otlp: { endpoint: far.url, logs: false, traces: false } }, { registry })
    await push.close()
    const points = readOtlp(far.got.at(-1)!).length
    expect(points).toBeLessThanOrEqual(1000)
    const all = far.got.flatMap(readOtlp)
    const of = (name: string) => all.filter(({ item }) => item.name === name)
    expect(of('mcp_tool_calls_total')[0]!.item).toMatchObject({
      ...{ kind: 'sum', sum: { isMonotonic: true, aggregationTemporality: 2 }, point: { asDouble: 3 } },
    })
    expect(of('mcp.server.operation.duration')[0]).toMatchObject({
      item: { kind: 'histogram', unit: 's', point: { count: '1' } },
      attributes: { 'mcp.method.name': 'a', 'gen_ai.tool.name': 'a', 'error.type': 'a', 'network.transport': 'a' },
    })
    expect(of('mcp_request_size_bytes')[0]!.item).toMatchObject({ kind: 'summary', unit: 'By', point: { count: '1' } })
    expect(of('process_resident_memory_bytes')[0]!.item).toMatchObject({ kind: 'gauge', unit: 'By' })
    const names = new Set(all.map(({ item }) => item.name))
    for (const { metric, name } of registry.metrics())
      expect(names).toContain(metric.scope === 'otel' ? metric.otelName : name)
  })

  test('what a receiver took in part is counted, told and not sent again', async () => {
    const far = await pushFarEnd()
    far.reply({
      status: 200,
      body: JSON.stringify({ partialSuccess: { rejectedSpans: '1', errorMessage: 'too\nold' } }),
    })
    const { push, told } = await opened({ otlp: { endpoint: far.url, metrics: false, logs: false } })
    push.takeEvents([callOf('a'), callOf('b')])
    await push.close()
    expect(far.got).toHaveLength(1)
    expect(push.stats().otlp_traces).toMatchObject({ sentItems: 1, rejectedItems: 1, refusedItems: 0, waitingItems: 0 })
    expect(push.stats().otlp_traces!.isUp).toBe(true)
    expect(told).toEqual(['refused in part otlp_traces did not take 1 of what it was sent: too old'])
  })

  test('who takes a request and none of what is in it, refuses', async () => {
    const far = await pushFarEnd()
    far.reply({ status: 200, body: '{"partialSuccess":{"rejectedSpans":2}}' })
    const { push, told } = await opened({ otlp: { endpoint: far.url, metrics: false, logs: false } })
    push.takeEvents([callOf('a'), callOf('b')])
    await push.close()
    expect(push.stats().otlp_traces).toMatchObject({ sentItems: 0, rejectedItems: 2, isUp: false })
    expect(push.stats().otlp_traces!.lastSentAtMs).toBeUndefined()
    expect(told).toEqual(['refused otlp_traces did not take 2 of what it was sent'])
  })

  test('who takes all, and warns, lost nothing', async () => {
    const far = await pushFarEnd()
    far.reply({ status: 200, body: '{"partialSuccess":{"errorMessage":"old form"}}' })
    const { push, told } = await opened({ otlp: { endpoint: far.url, metrics: false, logs: false } })
    push.takeEvents([callOf('a')])
    await push.close()
    expect(push.stats().otlp_traces).toMatchObject({ sentItems: 1, rejectedItems: 0, isUp: true })
    expect(told).toEqual(['warned otlp_traces warned: old form'])
  })

  test('who takes and refuses by turns is told of once a minute, and is as the last answer says', async () => {
    const far = await pushFarEnd()
    const { push, told } = await opened({ otlp: { endpoint: far.url, metrics: false, logs: false } })
    for (const [at, status] of [400, 200, 400, 200, 503, 400].entries()) {
      far.reply({ status })
      push.takeEvents([callOf(`call-${at}`)])
      await until(
        () =>
          far.got.some(
            (pushed) => pushed.status === status && readOtlp(pushed)[0]!.item.name === `tools/call call-${at}`,
          ),
        10_000,
        () => `${status} was not given`,
      )
      if (status === 503) continue
      await until(
        () => {
          const { isUp, waitingItems } = push.stats().otlp_traces!
          return isUp === (status === 200) && waitingItems === 0
        },
        10_000,
        () => `after ${status} it is not as it should be`,
      )
    }
    expect(told).toEqual([
      'refused otlp_traces answered 400: {}',
      'well otlp_traces',
      'failing otlp_traces answered 503: {}',
    ])
  })
})

test('a port that fetch never asks is told as such', async () => {
  const { push, told } = await opened({ loki: { url: 'http://127.0.0.1:1/loki/api/v1/push' } })
  push.takeLines([lineOf('one')])
  await until(
    () => told.length > 0,
    10_000,
    () => 'nothing was told',
  )
  expect(told).toEqual(['failing loki could not be reached (BAD_PORT)'])
})

describe('remote write', () => {
  test('what is written is what a scrape shows, with the labels that a scrape gives', async () => {
    const far = await pushFarEnd()
    const registry = everyMetricMoved()
    const labels = { job: 'j', instance: 'i' }
    const { push } = await opened({ remoteWrite: { url: far.url, intervalMs: 300_000 } }, { registry, labels })
    await push.close()
    const first = far.got.flatMap(readWrite).filter(({ atMs }, _, all) => atMs === all[0]!.atMs)
    const written = new Map(first.map(({ labels: found, value }) => [keyOf(found), value]))
    // A hostile value has half of a surrogate pair, which no UTF-8 has.
    const sound = (text: string) => Buffer.from(text).toString('utf8')
    const shown = readExposition(expose(registry))
    const bound = (text: string) => (Number.isInteger(Number(text)) ? `${text}.0` : text)
    for (const { name, labels: own, value } of shown) {
      const renamed = Object.entries(own)
        .filter(([, text]) => text !== '')
        .map(([label, text]) => [
          label === 'instance' || label === 'job' ? `exported_${label}` : label,
          label === 'le' ? bound(text) : sound(text),
        ])
      const key = keyOf({ ...Object.fromEntries(renamed), ...labels, __name__: name })
      expect(written.has(key), key).toBe(true)
      if (!Number.isNaN(value)) expect(written.get(key)).toBe(value)
    }
    // And what is up, of which a scrape is told by itself.
    expect(first).toHaveLength(shown.length + 1)
    expect(written.get(keyOf({ __name__: 'up', job: 'j', instance: 'notes' }))).toBe(1)
  })

  test('a series that ends is marked once as over', async () => {
    const far = await pushFarEnd()
    const registry = someMetrics()
    const { push } = await opened({ remoteWrite: { url: far.url, intervalMs: 1000 } }, { registry })
    const up = () => far.got.flatMap(readWrite).filter(({ labels }) => labels.__name__ === 'mcp_server_up')
    await expect.poll(up, { timeout: 10_000 }).toHaveLength(1)
    registry.remove(CATALOGUE.mcp.server_up, 'notes')
    await expect.poll(() => up().length, { timeout: 10_000 }).toBe(2)
    await push.close()
    expect(up().map(({ isStale }) => isStale)).toEqual([false, true])
  })

  test('a registry of many series goes in several requests of one time', async () => {
    const far = await pushFarEnd()
    const registry = createRegistry()
    for (let at = 0; at < 2500; at++) registry.gauge(CATALOGUE.mcp.server_up).with(`s${at}`).set(at)
    const { push } = await opened({ remoteWrite: { url: far.url, intervalMs: 300_000 } }, { registry })
    await expect.poll(() => push.stats().remote_write!.sentItems, { timeout: 10_000 }).toBeGreaterThan(2500)
    const sizes = far.got.map((pushed) => readWrite(pushed).length)
    expect(sizes.slice(0, 3)).toEqual([1000, 1000, expect.any(Number)])
    const all = far.got.slice(0, 3).flatMap(readWrite)
    expect(new Set(all.map(({ atMs }) => atMs)).size).toBe(1)
    const values = all
      .filter(({ labels }) => labels.__name__ === 'mcp_server_up')
      .map(({ labels, value }) => `${labels.server} ${value}`)
    expect(new Set(values)).toEqual(new Set(Array.from({ length: 2500 }, (_, at) => `s${at} ${at}`)))
    // Packed by what series have in common.
    expect(far.got[0]!.body.length / 1000).toBeLessThan(40)
  })
})

function keyOf(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)))
}
