/** The stream of the overview: news at once, a heartbeat, few readers, none that is slow, and an end. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createStreamFace, MAX_STREAMS } from '../../../packages/server/src/faces/dashboard/stream.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function start(mayRead = (_: string | undefined) => true) {
  let [value, made] = [0, 0]
  const face = createStreamFace({
    snapshot: async () => {
      made++
      return { text: JSON.stringify({ value, made }), essence: String(value) }
    },
    mayRead,
  })
  return {
    face,
    made: () => made,
    change() {
      value++
    },
  }
}

/** Reads what is there to be read. */
async function reading(response: Response) {
  const reader = response.body!.getReader()
  const next = async () => {
    const { value, done } = await reader.read()
    return done ? undefined : new TextDecoder().decode(value)
  }
  return { next, cancel: () => reader.cancel() }
}

test('tells at once how it is, then what changed, and each ten seconds that nothing did', async () => {
  const { face, change, made } = start()
  const { next, cancel } = await reading(await face.open(false, undefined))
  expect(await next()).toMatch(/^event: dashboard\nid: \d+\ndata: \{"value":0,"made":\d+\}\n\n$/)
  await vi.advanceTimersByTimeAsync(1000)
  expect(await next()).toContain('"value":0')
  change()
  await vi.advanceTimersByTimeAsync(1000)
  expect(await next()).toContain('"value":1')
  const waiting = next()
  let heard = false
  void waiting.then(() => {
    heard = true
  })
  await vi.advanceTimersByTimeAsync(9000)
  expect(heard).toBe(false)
  await vi.advanceTimersByTimeAsync(1000)
  expect(await waiting).toContain('"value":1')
  await cancel()
  const before = made()
  await vi.advanceTimersByTimeAsync(60_000)
  // Nobody listens, so nothing is made.
  expect(made()).toBe(before)
})

test('makes a document once for all who listen', async () => {
  const { face, made } = start()
  for (let number = 0; number < 20; number++) await face.open(false, undefined)
  const before = made()
  await vi.advanceTimersByTimeAsync(5000)
  expect(made() - before).toBe(5)
})

test('has room for so many, and for the next when one leaves', async () => {
  const { face } = start()
  const first = await reading(await face.open(false, undefined))
  for (let number = 1; number < MAX_STREAMS; number++) expect((await face.open(false, undefined)).status).toBe(200)
  const refused = await face.open(false, undefined)
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '30'])
  await first.cancel()
  expect((await face.open(false, undefined)).status).toBe(200)
  // A request for the headers alone begins none.
  expect((await face.open(true, undefined)).body).toBeNull()
})

test('cuts who does not read, and nobody else', async () => {
  const { face, change } = start()
  const slow = await face.open(false, undefined)
  const quick = await reading(await face.open(false, undefined))
  for (let second = 0; second < 20; second++) {
    change()
    await vi.advanceTimersByTimeAsync(1000)
    expect(await quick.next()).toContain('value')
  }
  await expect(slow.text()).rejects.toThrow('too slow')
})

test('ends with the session that it is of, and with the daemon', async () => {
  const open = new Set(['mine', 'other'])
  const { face } = start((key) => key !== undefined && open.has(key))
  const [mine, other] = [await face.open(false, 'mine'), await reading(await face.open(false, 'other'))]
  open.delete('mine')
  face.sweep()
  expect(await mine.text()).toContain('event: dashboard')
  expect(await other.next()).toContain('event: dashboard')
  face.close()
  expect(await other.next()).toBeUndefined()
  expect((await face.open(false, 'other')).status).toBe(503)
})
