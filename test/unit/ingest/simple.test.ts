import { describe, expect, test } from 'vitest'
import { event } from '../../../packages/instrument/src/event/index.js'
import { batch, good, NOW, post, sender, setUp } from './world.js'

describe('a post without a stream', () => {
  const simple = { type: 'webhook', server: 'notes', kind: 'sms_status' }

  test('is stored, published and answered; each event gets the version and the time of its arrival', async () => {
    const { ingest, store, published } = setUp()
    const answer = await ingest.handle(post({ sender, events: [simple, { ...simple, at: NOW - 1000 }] }))
    expect([answer.status, await answer.json()]).toEqual([200, { accepted: 2, rejected: [] }])
    const kept = [NOW, NOW - 1000].map((at) => event('webhook', at, { server: 'notes' }, { kind: 'sms_status' }))
    expect(store.rows).toEqual(kept)
    expect(published).toEqual(kept.map((seen) => [seen, 'ingest:notes']))
  })

  test('is taken again when it comes again: nothing protects it from that', async () => {
    const { ingest, store } = setUp()
    for (const _ of [1, 2]) await ingest.handle(post({ sender, events: [simple] }))
    expect(store.rows).toHaveLength(2)
  })

  test('loses its bad events, each named by its place, its field and the reason; the others are taken', async () => {
    const { ingest, store } = setUp()
    const events = [null, { ...simple, kind: 7 }, simple, { ...simple, v: 2 }, { type: 'wedhook', server: 'notes' }]
    const answer = await ingest.handle(post({ sender, events: [...events, { ...simple, at: NOW + 121_000 }] }))
    expect(await answer.json()).toEqual({
      accepted: 1,
      rejected: [
        { index: 0, field: '', reason: 'an event is a JSON object' },
        { index: 1, field: 'kind', reason: 'must be text of at most 64 characters' },
        { index: 3, field: 'v', reason: 'must be 1' },
        { index: 4, field: 'type', reason: expect.stringContaining('must be one of session.opened, ') },
        { index: 5, field: 'at', reason: 'lies more than 120 seconds in the future' },
      ],
    })
    expect(store.rows).toHaveLength(1)
    const each = { not_an_object: 1, version: 1, unknown_type: 1, field: 1, future: 1 }
    expect(ingest.stats()).toMatchObject({ accepted: 1, rejected: each })
  })

  test('is not published when the store fails', async () => {
    const { ingest, store, published } = setUp()
    store.fault = new Error('disk full')
    expect((await ingest.handle(post({ sender, events: [simple] }))).status).toBe(503)
    expect(published).toEqual([])
  })

  test('is not watched for silence', async () => {
    const { ingest } = setUp()
    await ingest.handle(post({ sender, events: [simple] }))
    expect(ingest.stats().streams).toBe(0)
  })
})

describe('rates of a sender', () => {
  const limits = { postsPerSecond: 2, eventsPerSecond: 10, burstSeconds: 2 }
  const many = (seq: number, count: number) =>
    batch(...Array.from({ length: count }, (_, index) => ({ seq: seq + index, event: good })))

  test('posts: a burst passes, then one each time that the bucket has filled for it', async () => {
    const { ingest, time } = setUp(limits)
    const status = async () => (await ingest.handle(post(batch()))).status
    expect([await status(), await status(), await status(), await status()]).toEqual([200, 200, 200, 200])
    const limited = await ingest.handle(post(batch()))
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '1'])
    expect(await limited.json()).toEqual({
      error: { field: 'sender.name', reason: 'has sent too many posts per second' },
    })
    time.clock += 500
    expect([await status(), await status()]).toEqual([200, 429])
    expect(ingest.stats().refused.posts_per_second).toBe(2)
  })

  test('events: what is refused is not taken, and is when it comes again after the time that was said', async () => {
    const { ingest, store, time } = setUp(limits)
    expect((await ingest.handle(post(many(1, 15)))).status).toBe(200)
    const limited = await ingest.handle(post(many(16, 20)))
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '2'])
    expect(store.rows).toHaveLength(15)
    expect(ingest.stats().refused.events_per_second).toBe(1)
    time.clock += 2000
    expect((await ingest.handle(post(many(16, 20)))).status).toBe(200)
    expect(store.rows).toHaveLength(35)
  })

  test('more than the bucket ever holds passes when it is full', async () => {
    const { ingest } = setUp({ ...limits, burstSeconds: 1 })
    expect((await ingest.handle(post(many(1, 30)))).status).toBe(200)
    expect((await ingest.handle(post(many(31, 1)))).status).toBe(429)
  })

  test('one sender does not use up those of another', async () => {
    const { ingest } = setUp({ ...limits, postsPerSecond: 1, burstSeconds: 1 })
    for (const status of [200, 429]) expect((await ingest.handle(post(batch()))).status).toBe(status)
    expect((await ingest.handle(post({ ...batch(), sender: { ...sender, name: 'other' } }))).status).toBe(200)
  })
})
