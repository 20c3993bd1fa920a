import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Event } from '@mcp-vitals/instrument/event'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Check, CheckResult } from '../../../packages/server/src/checks/check.js'
import { CheckFailure, failureOf } from '../../../packages/server/src/checks/check.js'
import type { ProviderCall } from '../../../packages/server/src/providers/calls/watch.js'
import { createProviders, type ProviderReport } from '../../../packages/server/src/providers/index.js'
import { providersOptions } from '../../../packages/server/src/providers/options.js'
import { createWatch } from '../../../packages/server/src/providers/watch.js'
import { freePort } from '../../fixtures/databases.js'
import { listeningPeer } from '../../fixtures/peers.js'

const UP: CheckResult = { ok: true, latencyMs: 1 }

/** A check whose runs are ended by hand. */
function createByHand() {
  const runs: { readonly signal: AbortSignal; readonly end: (result: CheckResult) => void }[] = []
  const check: Check = { run: (signal) => new Promise((end) => runs.push({ signal, end })) }
  return { check, runs }
}

function watchOf(check: Check, more: Partial<Parameters<typeof createWatch>[0]> = {}) {
  const told: (readonly [CheckResult, CheckResult | undefined])[] = []
  const onResult = (...pair: readonly [CheckResult, CheckResult | undefined]) => void told.push(pair)
  const watch = createWatch({ check, timeoutMs: 60_000, cacheMs: 1000, clock: () => 0, onResult, ...more })
  return { watch, told }
}

describe('a watch', () => {
  test('who asks while a check runs shares its answer', async () => {
    const { check, runs } = createByHand()
    const { watch, told } = watchOf(check)
    const asked = [watch.fresh(), watch.fresh(), watch.fresh()]
    expect(watch.newest()).toBe(undefined)
    runs[0]!.end(UP)
    expect(await Promise.all(asked)).toEqual([UP, UP, UP])
    expect(runs).toHaveLength(1)
    expect(told).toEqual([[UP, undefined]])
  })

  test('a result is served until it is old', async () => {
    let now = 0
    const { check, runs } = createByHand()
    const { watch } = watchOf(check, { clock: () => now })
    const first = watch.fresh()
    runs[0]!.end(UP)
    await first
    now = 999
    expect(await watch.fresh()).toBe(UP)
    expect(runs).toHaveLength(1)
    now = 1000
    const second = watch.fresh()
    expect(runs).toHaveLength(2)
    expect(watch.newest()).toBe(UP)
    runs[1]!.end({ ...UP, latencyMs: 2 })
    expect((await second).latencyMs).toBe(2)
  })

  test('one that does not end counts as down at its time-out, and is not joined by a second', async () => {
    const { check, runs } = createByHand()
    const { watch } = watchOf(check, { timeoutMs: 20, cacheMs: 0 })
    const down = { ok: false, latencyMs: 20, reason: 'timeout' }
    expect(await watch.fresh()).toEqual(down)
    expect(runs[0]!.signal.aborted).toBe(true)
    expect(await watch.fresh()).toEqual(down)
    expect(runs).toHaveLength(1)
    runs[0]!.end({ ok: false, latencyMs: 25, reason: 'timeout' })
    await Promise.resolve()
    void watch.fresh()
    expect(runs).toHaveLength(2)
    runs[1]!.end(UP)
  })

  test('closing aborts what runs, waits for it and tells nothing more', async () => {
    const { check, runs } = createByHand()
    const { watch, told } = watchOf(check)
    const asked = watch.fresh()
    const closed = watch.close()
    expect(runs[0]!.signal.aborted).toBe(true)
    runs[0]!.end({ ok: false, latencyMs: 1, reason: 'timeout' })
    await Promise.all([closed, asked])
    expect(told).toEqual([])
  })
})

describe('providers', () => {
  function providersOf(
    entries: Record<string, unknown>,
    newestCall: (name: string) => ProviderCall | undefined = () => undefined,
  ) {
    const published: Event[] = []
    const changes: ProviderReport[] = []
    const providers = createProviders({
      entries: providersOptions.parse(entries),
      addressOf: () => '',
      transportOf: () => 'http',
      headersOf: () => ({}),
      publish: (event) => published.push(event),
      newestCall,
      now: () => 5,
      clock: () => performance.now(),
      onChange: (report) => changes.push(report),
    })
    return { providers, published, changes }
  }
  const tcp = (port: number, more: object = {}) => ({ type: 'tcp', host: '127.0.0.1', port, cacheMs: 0, ...more })

  test('one of type calls is as its newest call, and its state is never published', async () => {
    const calls = new Map<string, ProviderCall>()
    const { providers, published } = providersOf({ api: { type: 'calls' } }, (name) => calls.get(name))
    const about = { name: 'api', type: 'calls', required: false }
    expect(await providers.checked()).toEqual([{ ...about, status: 'unknown' }])
    calls.set('api', { ok: false, durationMs: 7, errorCode: '503' })
    expect(await providers.newest()).toEqual([
      { ...about, status: 'down', latencyMs: 7, reason: 'failed', code: '503' },
    ])
    calls.set('api', { ok: true, durationMs: 9 })
    expect(await providers.checked()).toEqual([{ ...about, status: 'up', latencyMs: 9 }])
    expect(published).toEqual([])
    await providers.close()
  })

  test('one of type calls of which nothing was told yet is not waited for', async () => {
    const held: ServerResponse[] = []
    let isHolding = false
    const server = createServer((_, response) => void (isHolding ? held.push(response) : response.end()))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const { providers } = providersOf({ api: { type: 'calls' }, web: { type: 'http', url, cacheMs: 0 } })
    await providers.checked()
    isHolding = true
    // No time passes: who waits for the check that runs now waits for ever.
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    expect(await providers.newest()).toMatchObject([{ status: 'unknown' }, { status: 'up' }])
    vi.useRealTimers()
    await providers.close()
    await new Promise((resolve) => server.close(resolve))
  })

  test('each run is an event; a change of state is told once', async () => {
    const peer = await listeningPeer()
    const { providers, published, changes } = providersOf({ port: tcp(peer.port) })
    expect(await providers.checked()).toMatchObject([{ name: 'port', type: 'tcp', required: true, status: 'up' }])
    await peer.close()
    await providers.checked()
    await providers.checked()
    expect(changes).toMatchObject([
      { name: 'port', status: 'down', reason: 'connection_refused', code: 'ECONNREFUSED' },
    ])
    expect(published).toMatchObject([
      { type: 'probe', at: 5, server: 'mcp-vitals', check: 'port', ok: true },
      { type: 'probe', ok: false, reason: 'connection_refused' },
      { type: 'probe', ok: false, reason: 'connection_refused' },
    ])
    const again = await listeningPeer(peer.port)
    await providers.checked()
    await providers.checked()
    expect(changes.map(({ status }) => status)).toEqual(['down', 'up'])
    await Promise.all([again.close(), providers.close()])
  })

  test('all are checked at once: the answer takes as long as the slowest, and hanging ones are down', async () => {
    const peer = await listeningPeer()
    const hanging = { type: 'redis', url: `redis://127.0.0.1:${peer.port}`, timeoutMs: 400 }
    const names = Array.from({ length: 20 }, (_, index) => `hanging-${index}`)
    const { providers } = providersOf(Object.fromEntries(names.map((name) => [name, hanging])))
    const begun = performance.now()
    const reports = await providers.checked()
    // One after another they would take 8 seconds.
    expect(performance.now() - begun).toBeLessThan(4_000)
    expect(reports.map(({ reason }) => reason)).toEqual(names.map(() => 'timeout'))
    await Promise.all([peer.close(), providers.close()])
  })

  test('readiness is answered within three seconds, whatever a check may take, and the check goes on', async () => {
    const peer = await listeningPeer()
    const silent = { type: 'redis', url: `redis://127.0.0.1:${peer.port}`, timeoutMs: 30_000 }
    const { providers, published } = providersOf({ silent })
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const asked = providers.checked()
    await vi.advanceTimersByTimeAsync(3_000)
    expect(await asked).toMatchObject([{ name: 'silent', status: 'unknown' }])
    await vi.advanceTimersByTimeAsync(26_999)
    expect(published).toEqual([])
    const again = providers.checked()
    await vi.advanceTimersByTimeAsync(1)
    expect(await again).toMatchObject([{ name: 'silent', status: 'down', reason: 'timeout', latencyMs: 30_000 }])
    vi.useRealTimers()
    await Promise.all([providers.close(), peer.close()])
  })

  test('the newest results come at once, and old ones are checked behind them', async () => {
    const peer = await listeningPeer()
    const hanging = { type: 'redis', url: `redis://127.0.0.1:${peer.port}`, timeoutMs: 30_000 }
    const { providers, published } = providersOf({ hanging, refused: tcp(await freePort()) })
    expect(await providers.newest()).toMatchObject([{ status: 'unknown' }, { status: 'down' }])
    const before = published.length
    await providers.newest()
    await expect.poll(() => published.length).toBeGreaterThan(before)
    await Promise.all([providers.close(), peer.close()])
  })
})

describe('reasons', () => {
  test('are found in the causes of an error, and no text of it is taken over', () => {
    const deep = new Error('s3cret', { cause: Object.assign(new Error('s3cret'), { code: 'ECONNREFUSED' }) })
    expect(failureOf(deep)).toMatchObject({ reason: 'connection_refused', code: 'ECONNREFUSED' })
    expect(failureOf(new Error('s3cret', { cause: new CheckFailure('not_ready', '57P03') }))).toMatchObject({
      reason: 'not_ready',
    })
    for (const odd of [new Error('s3cret'), 's3cret', undefined, Object.assign(new Error(''), { code: 's3cret' })])
      expect(failureOf(odd)).toMatchObject({ reason: 'failed', code: undefined })
  })
})

describe('the configuration', () => {
  test.each([
    [{ type: 'mcp', command: 'npx' }, 30_000],
    [{ type: 'mcp', command: 'npx', timeoutMs: 5 }, 5],
    [{ type: 'mcp', url: 'http://127.0.0.1:1/mcp' }, 2_000],
    [{ type: 'tcp', host: 'h', port: 1 }, 2_000],
  ])('%j may take %d ms', (entry, timeoutMs) => {
    expect(providersOptions.parse({ name: entry })).toMatchObject({ name: { timeoutMs } })
  })

  test.each([
    ['no type', { host: 'h', port: 1 }],
    ['an unknown type', { type: 'ftp', host: 'h' }],
    ['a port that there is not', { type: 'tcp', host: 'h', port: 70_000 }],
    ['no address', { type: 'postgres' }],
    ['two addresses', { type: 'postgres', url: 'postgres://h', host: 'h' }],
    ['another scheme', { type: 'redis', url: 'http://h' }],
    ['an unknown key', { type: 'tcp', host: 'h', port: 1, retries: 2 }],
    ['two ways to an MCP server', { type: 'mcp', server: 'a', command: 'b' }],
    ['a time-out of nothing', { type: 'tcp', host: 'h', port: 1, timeoutMs: 0 }],
  ])('%s is refused', (_, entry) => {
    expect(providersOptions.safeParse({ name: entry }).success).toBe(false)
  })
})
