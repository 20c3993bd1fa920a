/** What every way of every receiver does, whatever it carries. */
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Push } from '../../../packages/server/src/push/index.js'
import { RECEIVERS } from '../../../packages/server/src/push/registry.js'
import {
  type Pushed,
  type PushFarEnd,
  pushFarEnd,
  readLoki,
  readOtlp,
  readWrite,
} from '../../fixtures/push-far-ends.js'
import { until } from '../../fixtures/until.js'
import { callOf, lineOf, type Opened, opened, type Settings, someMetrics } from './opened.js'

interface WayUnderTest {
  readonly receiver: keyof typeof RECEIVERS
  readonly options: (url: string) => object
  /** Has one body more made, about this name where it is about something. */
  readonly give: (push: Push, name: string) => void
  /** Items of a request that was sent. */
  readonly read: (pushed: Pushed) => readonly unknown[]
  /** Statuses that may pass by the protocol, and some that do not. */
  readonly passing: readonly number[]
  readonly final: readonly number[]
  /** It samples by itself, at once and in time. */
  readonly isSampled?: true
}

const otlp = (signal: 'metrics' | 'traces' | 'logs') => (endpoint: string) => ({
  otlp: { endpoint, metrics: false, traces: false, logs: false, intervalMs: 1000, [signal]: true },
})
const OTLP = { receiver: 'otlp', read: readOtlp, passing: [429, 502, 503, 504], final: [400, 401, 404, 500] } as const
const GRADED = { passing: [429, 500, 503], final: [400, 401, 404] } as const

const WAYS: Readonly<Record<string, WayUnderTest>> = {
  loki: {
    ...{ receiver: 'loki', read: readLoki, ...GRADED },
    options: (url) => ({ loki: { url: `${url}/loki/api/v1/push` } }),
    give: (push, name) => push.takeLines([lineOf(name)]),
  },
  otlp_logs: { ...OTLP, options: otlp('logs'), give: (push, name) => push.takeLines([lineOf(name)]) },
  otlp_traces: { ...OTLP, options: otlp('traces'), give: (push, name) => push.takeEvents([callOf(name)]) },
  otlp_metrics: { ...OTLP, options: otlp('metrics'), give: () => {}, isSampled: true },
  remote_write: {
    ...{ receiver: 'remoteWrite', read: readWrite, ...GRADED },
    options: (url) => ({ remoteWrite: { url: `${url}/api/v1/write`, intervalMs: 1000 } }),
    ...{ give: () => {}, isSampled: true },
  },
}
const SECRET = 'glc_0123456789abcdef'

/** Opens one way of one receiver. */
async function begin(way: WayUnderTest, far: PushFarEnd, more: object = {}, settings: Settings = {}): Promise<Opened> {
  const [[name, options]] = Object.entries(way.options(far.url)) as [[string, object]]
  const given = { [name]: { ...options, headers: { Authorization: `Bearer ${SECRET}` }, ...more } }
  return opened(given, { registry: someMetrics(), ...settings })
}

const arrived = (far: PushFarEnd, count: number) =>
  until(
    () => far.got.length >= count,
    10_000,
    () => `${far.got.length} requests`,
  )
const seen = (told: readonly string[], word: string) =>
  until(
    () => told.some((line) => line.startsWith(word)),
    10_000,
    () => told.join('\n'),
  )

test('every receiver is tried here', () => {
  expect(new Set(Object.values(WAYS).map(({ receiver }) => receiver))).toEqual(new Set(Object.keys(RECEIVERS)))
})

describe.each(Object.entries(WAYS))('%s', (name, way) => {
  test('what is given arrives, with its credentials, and is counted', async () => {
    const far = await pushFarEnd()
    const { push, told } = await begin(way, far)
    way.give(push, 'one')
    await arrived(far, 1)
    expect(way.read(far.got[0]!).length).toBeGreaterThan(0)
    expect(far.got[0]!.headers.authorization).toBe(`Bearer ${SECRET}`)
    await push.close()
    const items = far.taken().reduce((sum, pushed) => sum + way.read(pushed).length, 0)
    expect(push.stats()[name]).toMatchObject({ sentItems: items, failedPosts: 0, waitingItems: 0, spoolBytes: 0 })
    expect(told).toEqual([])
  })

  test.each(way.passing)(
    'after %i the same bytes are sent again, and the end of the trouble is told',
    async (status) => {
      const far = await pushFarEnd()
      far.reply({ status, body: `no, ${SECRET}` })
      const { push, told, dir } = await begin(way, far)
      way.give(push, 'one')
      await arrived(far, 2)
      await until(
        () => push.stats()[name]!.spoolBytes > 0,
        5_000,
        () => 'nothing on disk',
      )
      const [file] = readdirSync(join(dir, name)).filter((one) => one.endsWith('.body'))
      expect(statSync(join(dir, name, file!)).mode & 0o777).toBe(0o600)
      expect(statSync(join(dir, name)).mode & 0o777).toBe(0o700)
      far.reply({ status: 200 })
      await seen(told, `well ${name}`)
      expect(told.join()).not.toContain(SECRET)
      expect(told[0]).toBe(`failing ${name} answered ${status}: no, ***`)
      expect(new Set(far.got.slice(0, 2).map(({ body }) => body.toString('base64'))).size).toBe(1)
      expect(far.taken()[0]!.body.equals(far.got[0]!.body)).toBe(true)
      await push.close()
      expect(readdirSync(join(dir, name))).toEqual([])
    },
  )

  test.each(way.final)('after %i nothing is sent again, and that is told without what is secret', async (status) => {
    const far = await pushFarEnd()
    far.reply({ status, body: `line 1\nBearer ${SECRET} is wrong ${'x'.repeat(1000)}` })
    const { push, told } = await begin(way, far)
    way.give(push, 'one')
    await seen(told, 'refused')
    expect(told[0]).toMatch(new RegExp(`^refused ${name} answered ${status}: line 1 \\*\\*\\* is wrong x{100,200}$`))
    expect(push.stats()[name]).toMatchObject({
      sentItems: 0,
      failedPosts: 0,
      refusedItems: way.read(far.got[0]!).length,
      isUp: false,
    })
    // All that it refuses is one trouble, which ends when it takes something.
    if (!way.isSampled) way.give(push, 'two')
    await arrived(far, 2)
    far.reply({ status: 200 })
    if (!way.isSampled) way.give(push, 'three')
    await seen(told, 'well')
    expect(told.slice(1)).toEqual([`well ${name}`])
    expect(push.stats()[name]!.isUp).toBe(true)
    expect(far.taken().every(({ body }) => !body.equals(far.got[0]!.body))).toBe(true)
  })

  test('a password that a receiver says as it was typed is not told', async () => {
    const far = await pushFarEnd()
    far.reply({ status: way.final[0]!, body: `${SECRET} is not the password of ada` })
    const { push, told } = await begin(way, far, { headers: {}, username: 'ada', password: SECRET })
    way.give(push, 'one')
    await seen(told, 'refused')
    expect(told[0]).toBe(`refused ${name} answered ${way.final[0]}: *** is not the password of ada`)
  })

  test('a wait that the receiver asks for is kept', async () => {
    const far = await pushFarEnd()
    const times: number[] = []
    far.reply(() => {
      times.push(performance.now())
      return times.length === 1 ? { status: 503, headers: { 'retry-after': '1' } } : { status: 200 }
    })
    const { push } = await begin(way, far)
    way.give(push, 'one')
    await arrived(far, 2)
    expect(times[1]! - times[0]!).toBeGreaterThan(980)
  })

  test('one that gives no answer, or is not there, is tried again', async () => {
    const far = await pushFarEnd()
    far.reply('hang')
    const { push, told } = await begin(way, far, { timeoutMs: 100 })
    way.give(push, 'one')
    await seen(told, `failing ${name} gave no answer in time`)
    expect(push.stats()[name]!.isUp).toBe(false)
    await far.away()
    const before = push.stats()[name]!.failedPosts
    await until(
      () => push.stats()[name]!.failedPosts > before + 1,
      10_000,
      () => 'it was not tried',
    )
    far.reply({ status: 200 })
    await far.back()
    await seen(told, `well ${name}`)
    expect(push.stats()[name]!.isUp).toBe(true)
  })

  test('what a process could not send the next one sends, before what is new', async () => {
    const far = await pushFarEnd()
    await far.away()
    const first = await begin(way, far)
    for (const one of ['one', 'two']) {
      way.give(first.push, one)
      await until(
        () => first.push.stats()[name]!.waitingItems > 0,
        5_000,
        () => 'nothing waits',
      )
    }
    await first.push.close()
    const left = readdirSync(join(first.dir, name))
    expect(left.length).toBeGreaterThan(0)
    // A write that was cut off, and what is not ours.
    for (const strange of ['000000000000009-1.body.tmp', 'README'])
      writeFileSync(join(first.dir, name, strange), 'torn')
    await far.back()
    const second = await begin(way, far, {}, { dir: first.dir })
    way.give(second.push, 'three')
    await until(
      () => far.taken().length > left.length,
      10_000,
      () => `${far.taken().length} of ${left.length}`,
    )
    await second.push.close()
    if (!way.isSampled) expect(JSON.stringify(far.taken().map(way.read), bigints)).toMatch(/one.*two.*three/)
    for (const pushed of far.taken()) expect(way.read(pushed).length).toBeGreaterThan(0)
    expect(readdirSync(join(first.dir, name))).toEqual(['README'])
  })
})

const bigints = (_: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value)
