import { describe, expect, test, vi } from 'vitest'
import { type Event, event, valuesBeside } from '../../../packages/instrument/src/event/index.js'
import { promises } from '../../requirements.js'
import { batch, good, NOW, origin, post, sender, setUp, TOKEN } from './world.js'

describe('a batch', () => {
  test('is stored, published as ingested, and answered with the mark', async () => {
    const { ingest, store, published } = setUp()
    const answer = await ingest.handle(post(batch({ seq: 1, event: good }, { seq: 2, event: good })))
    expect([answer.status, await answer.json()]).toEqual([200, { highWater: 2, accepted: 2, rejected: [] }])
    expect(store.rows).toHaveLength(2)
    expect(published.map(([, entrance]) => entrance)).toEqual(['ingest:notes', 'ingest:notes'])
  })

  test('that comes again is taken once', async () => {
    const { ingest, published } = setUp()
    await ingest.handle(post(batch({ seq: 1, event: good })))
    const answer = await ingest.handle(post(batch({ seq: 1, event: good }, { seq: 2, event: good })))
    expect(await answer.json()).toEqual({ highWater: 2, accepted: 1, rejected: [] })
    expect(published).toHaveLength(2)
  })

  test('loses its bad events, each named, and keeps the others; the mark covers both', async () => {
    const { ingest, published } = setUp()
    const answer = await ingest.handle(
      post(
        batch(
          { seq: 3, event: { ...good, value: 'much' } },
          { seq: 4, event: good },
          { seq: 7, event: { ...good, at: NOW + 121_000 } },
        ),
      ),
    )
    expect(await answer.json()).toEqual({
      highWater: 7,
      accepted: 1,
      rejected: [
        { seq: 3, field: 'value', reason: 'must be a number from 0 to 10^15' },
        { seq: 7, field: 'at', reason: 'lies more than 120 seconds in the future' },
      ],
    })
    expect(published.map(([seen]) => seen)).toEqual([good])
  })

  test('loses the fields that no event has', async () => {
    const { ingest, store } = setUp()
    await ingest.handle(post(batch({ seq: 1, event: { ...good, arguments: { secret: 1 } } })))
    expect(store.rows).toEqual([good])
  })

  test('is published after it is stored, and not at all when the store fails', async () => {
    const { ingest, store, published } = setUp()
    store.fault = new Error('disk full')
    const answer = await ingest.handle(post(batch({ seq: 1, event: good })))
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1'])
    expect(published).toEqual([])
    expect((await ingest.handle(post(batch()))).status).toBe(503)
  })

  test('without events is a heartbeat, answered with the mark', async () => {
    const { ingest } = setUp()
    await ingest.handle(post(batch({ seq: 9, event: good })))
    expect(await (await ingest.handle(post(batch()))).json()).toEqual({ highWater: 9, accepted: 0, rejected: [] })
  })

  test('whose end tells of its start as well is published as both, and stored as its end', async () => {
    const { ingest, store, published } = setUp()
    const about = { direction: 'client_to_server', method: 'tools/call', name: 'add', operation: 'o-1' } as const
    const from = { ...origin, session: 's', transport: 'stdio', traceId: 'a'.repeat(32) } as const
    const sizes = { requestBytes: 1, responseBytes: 2 }
    const ended = event('request.ended', NOW, from, { ...about, outcome: 'ok', status: 200, durationMs: 5, ...sizes })
    const started = event('request.started', NOW - 5, from, about)
    await ingest.handle(post(batch({ seq: 1, event: { ...ended, startedAt: NOW - 5 } })))
    await ingest.handle(post(batch({ seq: 1, event: { ...ended, startedAt: NOW - 5 } })))
    const { stream: _, ...simple } = batch()
    await ingest.handle(post({ ...simple, events: [{ ...ended, startedAt: NOW + 1 }] }))
    expect(store.rows).toEqual([ended, ended])
    expect(published.map(([seen]) => seen)).toEqual([started, ended, { ...started, at: NOW }, ended])
  })

  test('has the values that came beside a commitment beside it, and no other ones', async () => {
    const { ingest, store, published } = setUp()
    const told = event('commitment', NOW, origin, { name: 'transfer', fields: ['result.balance'] })
    const values = { 'result.balance': 12, 'result.isOpen': true, 'result.name': 'x'.repeat(4096) }
    const beside: unknown[] = [
      values,
      { 'result.name': 'x'.repeat(4097) },
      { 'result.name': { deep: 1 } },
      Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`result.${n}`, n])),
      { ['r'.repeat(129)]: 1 },
      [1],
      'text',
      null,
    ]
    const events = [
      ...beside.map((each, n) => ({ seq: n + 1, event: told, values: each })),
      { seq: 20, event: good, values },
    ]
    const answer = await ingest.handle(post({ stream: 'one', sender, events }))
    expect(await answer.json()).toMatchObject({ highWater: 20, rejected: [] })
    expect(published.map(([seen]) => valuesBeside(seen))).toEqual([values, ...Array(8).fill(undefined)])
    expect(JSON.stringify(store.rows)).not.toContain('"values"')
  })

  test('may come from a spool as well', async () => {
    const { ingest, published } = setUp()
    await expect(ingest.take({ ...batch({ seq: 1, event: good }), dropped: 0 } as never)).resolves.toMatchObject({
      accepted: 1,
    })
    expect(published).toHaveLength(1)
  })

  test('carries how many were dropped in all, which is counted once', async () => {
    const { ingest } = setUp()
    for (const dropped of [2, 2, 5]) await ingest.handle(post({ ...batch(), dropped }))
    await ingest.handle(post({ ...batch(), stream: 's2', dropped: 1 }))
    expect(ingest.stats()).toMatchObject({ streams: 2, accepted: 0, dropped: 6 })
  })
})

describe('what is refused', () => {
  test('is counted by its reason', async () => {
    const { ingest } = setUp()
    await ingest.handle(post('', {}, 'GET'))
    await ingest.handle(post(batch(), { authorization: '' }))
    await ingest.handle(post(batch(), { 'content-type': 'text/plain' }))
    await ingest.handle(post(batch(), { 'content-length': '2000000' }))
    await ingest.handle(post({ ...batch(), dropped: -1 }))
    expect(ingest.stats().refused).toMatchObject({
      method: 1,
      unauthorized: 1,
      media_type: 1,
      body_too_long: 1,
      frame: 1,
      store: 0,
    })
  })

  test('more events than a post may have', async () => {
    const { ingest, store } = setUp({ maxEvents: 500 })
    const events = Array.from({ length: 501 }, (_, index) => ({ seq: index + 1, event: good }))
    const answer = await ingest.handle(post(batch(...events)))
    expect([answer.status, await answer.json()]).toEqual([
      413,
      { error: { field: 'events', reason: 'must be at most 500 events' } },
    ])
    expect([store.rows.length, ingest.stats().refused.too_many_events]).toEqual([0, 1])
    expect((await ingest.handle(post(batch(...events.slice(1))))).status).toBe(200)
  })

  test(promises('F10.network.rest-needs-token'), async () => {
    const { ingest } = setUp()
    const status = async (authorization: string) =>
      (await ingest.handle(post(batch({ seq: 1, event: good }), { authorization }))).status
    expect([await status(''), await status(`Bearer ${TOKEN}`)]).toEqual([401, 200])
  })

  test.each([
    ['no token', { authorization: '' }, 401],
    ['a wrong token', { authorization: 'Bearer nearly' }, 401],
    ['another scheme', { authorization: `Basic ${TOKEN}` }, 401],
    ['a form', { 'content-type': 'text/plain' }, 415],
    ['a longer name of the type', { 'content-type': 'application/jsonx' }, 415],
    ['a body said to be too long', { 'content-length': '2000000' }, 413],
  ])('%s', async (_, headers, status) => {
    const { ingest, store } = setUp()
    expect((await ingest.handle(post(batch({ seq: 1, event: good }), headers))).status).toBe(status)
    expect(store.rows).toEqual([])
  })

  test('another method', async () => {
    const answer = await setUp().ingest.handle(post('', {}, 'GET'))
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST'])
  })

  test.each([
    ['', 'the body is not JSON', '{"stream"'],
    ['', 'the body must be a JSON object', 'null'],
    ['stream', 'must be 1 to 64', { ...batch(), stream: '../etc' }],
    ['sender.kind', 'must be text', { stream: 's', events: [] }],
    ['sender.version', 'must be text', { ...batch(), sender: { ...sender, version: '1'.repeat(65) } }],
    ['dropped', 'must be a whole number', { ...batch(), dropped: -1 }],
    ['events', 'must be a list', { ...batch(), events: {} }],
    ['events[0].seq', 'must be a whole number', batch({ seq: 0, event: good })],
    ['events[1].seq', 'greater than the one before', batch({ seq: 2, event: good }, { seq: 2, event: good })],
    ['events[0].seq', 'must be a whole number', batch({ seq: 2 ** 53, event: good })],
    ['events[0].seq', 'must be a whole number', { ...batch(), events: [null] }],
  ])('a frame with a bad %s: %s', async (field, reason, body) => {
    const { ingest, store } = setUp()
    const answer = await ingest.handle(post(body))
    expect(answer.status).toBe(400)
    expect(await answer.json()).toEqual({ error: { field, reason: expect.stringContaining(reason) } })
    expect(store.rows).toEqual([])
  })

  test('a body that is too long is left at the bound, not read to its end', async () => {
    const { ingest } = setUp({ maxBodyBytes: 4096 })
    let pulled = 0
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled += 1024
        controller.enqueue(new Uint8Array(1024).fill(32))
      },
    })
    const answer = await ingest.handle(streamed(body))
    expect(answer.status).toBe(413)
    expect(pulled).toBeLessThan(16_384)
  })

  test('a body that never ends is given up, and the number of readers is bounded', async () => {
    const { ingest } = setUp({ maxConcurrent: 1, bodyTimeoutMs: 100 })
    const slow = ingest.handle(streamed(new ReadableStream()))
    const second = await ingest.handle(post(batch()))
    expect([second.status, second.headers.get('retry-after')]).toEqual([503, '1'])
    expect((await slow).status).toBe(408)
    expect((await ingest.handle(post(batch()))).status).toBe(200)
  })

  test('bytes that are no UTF-8', async () => {
    const { ingest } = setUp()
    const body = new Blob([new Uint8Array([0x22, 0xff, 0x22])]).stream()
    expect((await ingest.handle(streamed(body))).status).toBe(400)
  })
})

function streamed(body: ReadableStream): Request {
  return new Request('http://127.0.0.1/v1/events', {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` },
    body,
    duplex: 'half',
  } as RequestInit)
}

describe('a stream that falls silent', () => {
  const opened = event('session.opened', NOW - 5000, origin, { era: 'legacy' })
  const started = event('request.started', NOW - 4000, origin, {
    direction: 'client_to_server',
    method: 'tools/call',
    name: 'add',
    operation: 'o1',
  })

  async function silent(after: number, ...events: Event[]) {
    vi.useFakeTimers()
    try {
      const world = setUp()
      await world.ingest.start()
      await world.ingest.handle(post(batch(...events.map((seen, index) => ({ seq: index + 1, event: seen })))))
      world.published.length = 0
      world.time.clock += after
      world.time.now += after
      await vi.advanceTimersByTimeAsync(5000)
      await world.ingest.stop()
      return world
    } finally {
      vi.useRealTimers()
    }
  }

  test('has its open requests and sessions ended, as lost, up to its last sign of life', async () => {
    const { published, ingest } = await silent(120_000, opened, started)
    expect(published).toEqual([
      [
        event('request.ended', NOW + 120_000, origin, {
          direction: 'client_to_server',
          method: 'tools/call',
          name: 'add',
          operation: 'o1',
          durationMs: 4000,
          outcome: 'unanswered',
          status: 504,
          requestBytes: 0,
          responseBytes: 0,
        }),
        'local',
      ],
      [event('session.closed', NOW + 120_000, origin, { durationMs: 5000, reason: 'lost' }), 'local'],
    ])
    expect(ingest.stats().streams).toBe(0)
  })

  test('before two minutes nothing happens', async () => {
    expect((await silent(119_000, opened)).published).toEqual([])
  })

  test('what it ended itself is not ended again', async () => {
    const closed = event('session.closed', NOW, origin, { durationMs: 5000, reason: 'client' })
    expect((await silent(130_000, opened, closed)).published).toEqual([])
  })

  test('the number of watched streams is bounded: the quietest goes', async () => {
    const { ingest, published } = setUp({ maxStreams: 2 })
    await ingest.handle(post(batch({ seq: 1, event: opened })))
    for (const stream of ['s2', 's3']) await ingest.handle(post({ ...batch(), stream }))
    expect(ingest.stats().streams).toBe(2)
    expect(published.at(-1)?.[0]).toMatchObject({ type: 'session.closed', reason: 'lost' })
  })
})
