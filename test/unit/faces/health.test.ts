import { event } from '@mcp-vitals/instrument/event'
import { describe, expect, test } from 'vitest'
import { createHealthFace, type HealthInputs, type OwnHealth } from '../../../packages/server/src/faces/health/index.js'
import { HEALTH_FIELDS, healthOptions } from '../../../packages/server/src/faces/health/options.js'
import { createProcessHealth } from '../../../packages/server/src/faces/health/process.js'
import { select } from '../../../packages/server/src/faces/health/select.js'
import type { ProviderReport } from '../../../packages/server/src/providers/index.js'
import { createPlugins, createVitals } from '../../../packages/server/src/state/index.js'
import { promises } from '../../requirements.js'

const vitals = createVitals(() => 0)
vitals.declare('files')

const TWILIO: ProviderReport = { name: 'twilio', type: 'http', required: true, status: 'up', latencyMs: 31.5 }
const DOWN: ProviderReport = { ...TWILIO, status: 'down', reason: 'status', code: '503' }

interface Setting {
  readonly options?: Record<string, unknown>
  readonly providers?: readonly ProviderReport[]
  readonly store?: OwnHealth
  readonly audit?: ReturnType<HealthInputs['audit']>
  readonly workload?: HealthInputs['workload']
}

function health({ options = {}, providers = [], store = { ok: true }, audit, workload }: Setting = {}) {
  return createHealthFace({
    options: healthOptions.parse(options),
    version: '0.1.0',
    environment: 'development',
    demoMode: false,
    now: () => 0,
    vitals: vitals.snapshot,
    system: () => ({
      colour: 'YELLOW',
      reasons: ['disk is unhealthy: full'],
      components: [{ name: 'disk', type: 'disk', status: 'unhealthy', reasons: ['full'], latencyMs: 2, failures: 3 }],
    }),
    workload: workload ?? createPlugins(() => 0).snapshot,
    providers: { checked: async () => providers, newest: async () => providers },
    store: () => store,
    audit: () => audit,
    process: {
      pid: 7,
      uptimeSeconds: () => 123.45,
      residentMemoryBytes: () => 2048,
      heapUsedBytes: () => 1024,
      cpuSeconds: () => 12.345,
    },
  })
}

async function bodyOf(response: Promise<Response>): Promise<unknown> {
  return (await response).json()
}

describe('the whole document', () => {
  test('every field in its order, and no other, when nothing is chosen', async () => {
    const document = await bodyOf(health().live())
    expect(Object.keys(document as object)).toEqual(HEALTH_FIELDS)
    expect(document).toEqual({
      status: 'ok',
      uptime: 123.45,
      version: '0.1.0',
      environment: 'development',
      demoMode: false,
      timestamp: '1970-01-01T00:00:00.000Z',
      sessions: 0,
      checks: {},
      queue_size: 0,
      plugins: {},
      queues: {},
      servers: { files: { status: 'unknown', tools: 0 } },
      system: { status: 'YELLOW', reasons: ['disk is unhealthy: full'] },
      components: { disk: { status: 'unhealthy', failures: 3, latency_ms: 2, reasons: ['full'] } },
      server: {
        process: { status: 'ok', pid: 7 },
        memory: { rss_bytes: 2048, heap_used_bytes: 1024 },
        cpu: { usage_percent: 10 },
      },
      store: { status: 'ok' },
      audit: { status: 'off' },
    })
  })

  test('an audit log that cannot be written is told by every look, with the reason', async () => {
    const audit = { status: 'down', reason: 'the disk is full' }
    const face = health({
      audit: { ok: false, required: false, reason: 'the disk is full' },
      options: { fields: ['status', 'audit'] },
    })
    expect(await bodyOf(face.live())).toEqual({ status: 'ok', audit })
    expect(await bodyOf(face.ready())).toMatchObject({ status: 'ok', audit })
    expect(await bodyOf(health({ audit: { ok: true, required: true } }).live())).toMatchObject({
      audit: { status: 'ok' },
    })
  })
})

describe('one document, five systems', () => {
  test(promises('A1.health.body'), async () => {
    const fields = ['status', 'uptime', 'version', 'environment', 'demoMode']
    expect(await (await health({ options: { fields } }).live()).text()).toBe(
      '{"status":"ok","uptime":123.45,"version":"0.1.0","environment":"development","demoMode":false}',
    )
  })

  test(promises('D5.health.body', 'D5.health.checks', 'D5.health.timestamp'), async () => {
    const fields = ['status', 'version', 'timestamp', 'checks.*.status']
    const providers = [
      { ...TWILIO, name: 'dustApi' },
      { ...TWILIO, name: 'database', type: 'postgres' as const },
    ]
    expect(await (await health({ options: { fields, version: '1.0.0' }, providers }).live()).text()).toBe(
      '{"status":"ok","version":"1.0.0","timestamp":"1970-01-01T00:00:00.000Z","checks":{"dustApi":{"status":"ok"},"database":{"status":"ok"}}}',
    )
  })

  test(promises('E3.health.plugin', 'E3.health.queue', 'E3.health.server'), async () => {
    const plugins = createPlugins(() => 60_000)
    for (const outcome of ['ok', 'ok', 'ok', 'tool_error'] as const)
      plugins.fold(
        event('plugin', 59_000, { server: 'host' }, { plugin: 'echo', command: 'say', outcome, durationMs: 2 }),
        'local',
      )
    const job = { plugin: 'echo', size: 3 }
    plugins.fold(event('queue', 58_000, { server: 'host' }, { ...job, action: 'entered' }), 'local')
    plugins.fold(event('queue', 59_000, { server: 'host' }, { ...job, action: 'started', waitMs: 1_500 }), 'local')
    const fields = ['status', 'version', 'uptime', 'queue_size', 'plugins', 'queues', 'server']
    const options = { word: 'healthy', fields }
    expect(await bodyOf(health({ options, workload: plugins.snapshot }).live())).toEqual({
      status: 'healthy',
      version: '0.1.0',
      uptime: 123.45,
      queue_size: 3,
      plugins: {
        echo: {
          status: 'failing',
          available: true,
          last_execution: '1970-01-01T00:00:59.000Z',
          error_rate: 0.25,
          executions: 4,
        },
      },
      queues: { echo: { size: 3, processing_rate: 0.017, wait_seconds: { p50: 1.5, p95: 1.5 } } },
      server: {
        process: { status: 'healthy', pid: 7 },
        memory: { rss_bytes: 2048, heap_used_bytes: 1024 },
        cpu: { usage_percent: 10 },
      },
    })
  })

  test('two servers with a plugin of one name are kept apart', async () => {
    const plugins = createPlugins(() => 0)
    for (const server of ['a', 'b'])
      plugins.fold(event('queue', 0, { server }, { plugin: 'echo', action: 'entered', size: 2 }), 'local')
    expect(await bodyOf(health({ workload: plugins.snapshot }).live())).toMatchObject({
      queue_size: 4,
      queues: { 'a/echo': { size: 2 }, 'b/echo': { size: 2 } },
    })
  })
})

describe('readiness', () => {
  test(
    promises(
      'A2.ready.status-200',
      'A2.ready.names-each',
      'A2.ready.field-state',
      'A2.ready.field-latency',
      'A2.ready.field-error',
    ),
    async () => {
      const fields = ['status']
      const good = await health({ options: { fields }, providers: [TWILIO] }).ready()
      expect(good.status).toBe(200)
      expect(await good.json()).toEqual({
        status: 'ok',
        checks: { twilio: { status: 'ok', required: true, type: 'http', latency_ms: 31.5 } },
        store: { status: 'ok' },
        audit: { status: 'off' },
      })
      const bad = await health({ options: { fields }, providers: [DOWN, { ...TWILIO, name: 'other' }] }).ready()
      expect(bad.status).toBe(503)
      expect(await bad.json()).toMatchObject({
        status: 'unavailable',
        checks: {
          twilio: { status: 'down', latency_ms: 31.5, error: 'status', code: '503' },
          other: { status: 'ok' },
        },
      })
    },
  )

  test(promises('F4.health.always-200', 'F4.health.dependencies-in-body'), async () => {
    const answer = await health({ providers: [DOWN], store: { ok: false, reason: 'the disk is full' } }).live()
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({
      status: 'ok',
      checks: { twilio: { status: 'down' } },
      store: { status: 'down', reason: 'the disk is full' },
    })
  })

  test.each([
    ['a provider that is not required', { providers: [{ ...DOWN, required: false }] }, 200],
    ['a provider that nobody could check yet', { providers: [{ ...TWILIO, status: 'unknown' as const }] }, 503],
    ['our own store', { store: { ok: false, reason: 'the disk is full' } }, 503],
    ['an audit log without which calls go on', { audit: { ok: false, required: false } }, 200],
    ['an audit log without which calls are refused', { audit: { ok: false, required: true } }, 503],
  ])('%s that is down: %j gives %i', async (_, setting, status) => {
    expect((await health(setting).ready()).status).toBe(status)
  })
})

describe('its parts', () => {
  test('paths cut a document: whole fields, fields of fields, any name', () => {
    const document = { a: 1, b: { x: { s: 1, t: 2 }, y: { s: 3 } }, c: [1] }
    expect(select(document, ['b.*.s', 'c'])).toEqual({ b: { x: { s: 1 }, y: { s: 3 } }, c: [1] })
    expect(select(document, ['b.x', 'b.*.s'])).toEqual({ b: { x: { s: 1, t: 2 }, y: { s: 3 } } })
    expect(select(document, ['a.z', 'nothing'])).toEqual({})
  })

  test.each([[['nonsense']], [['checks.']], [['checks..status']], [[]], [['statusx']]])(
    '%j are no fields',
    (fields) => {
      expect(healthOptions.safeParse({ fields }).success).toBe(false)
    },
  )

  test('processor use is measured between readings at least a second apart', () => {
    let cpuSeconds = 1
    let uptimeSeconds = 10
    const readings = { pid: 1, residentMemoryBytes: () => 0, heapUsedBytes: () => 0 }
    const read = createProcessHealth(
      { ...readings, cpuSeconds: () => cpuSeconds, uptimeSeconds: () => uptimeSeconds },
      'ok',
    )
    expect(read().cpu.usage_percent).toBe(10)
    cpuSeconds += 0.5
    uptimeSeconds += 0.5
    expect(read().cpu.usage_percent).toBe(10)
    uptimeSeconds += 0.5
    expect(read().cpu.usage_percent).toBe(50)
  })
})
