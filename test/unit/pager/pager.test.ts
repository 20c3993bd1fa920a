import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Notification, Outcome } from '../../../packages/server/src/alerts/index.js'
import { alertsOptions } from '../../../packages/server/src/alerts/options.js'
import type { VitalsError } from '../../../packages/server/src/errors/index.js'
import { openPager, type Pager, type PagerChannel } from '../../../packages/server/src/pager/index.js'
import { until } from '../../fixtures/until.js'
import { named } from '../alerts/engine-harness.js'

const OPTIONS = {
  ...alertsOptions.parse({ routes: [{ notify: ['one', 'two'] }] }),
  groupWaitMs: 0,
  groupIntervalMs: 20,
}
const FALLBACKS = { fallbackAfterMs: 60_000, giveUpAfterMs: 60_000, receiptTimeoutMs: 60_000 }

function tempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'mcp-vitals-test-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** A channel, what it got so far, and what it says to each. */
function fake(send: (notification: Notification, signal: AbortSignal) => Promise<Outcome>, timeoutMs = 10_000) {
  const got: Notification[] = []
  const channel: PagerChannel = {
    traits: { sendsResolved: true, sendsAcknowledged: true, ...FALLBACKS },
    timeoutMs,
    send(notification, signal) {
      got.push(notification)
      return send(notification, signal)
    },
  }
  return { channel, got }
}

const takes = () => fake(async () => ({ is: 'sent' }))

async function open(
  dir: string,
  one: PagerChannel,
  two = takes().channel,
  onFault = (_: VitalsError) => {},
): Promise<Pager> {
  const pager = await openPager({ dir, options: OPTIONS, graveToo: [], channels: { one, two }, onFault })
  onTestFinished(() => pager.close())
  return pager
}

const report = (pager: Pager, ...names: readonly string[]) =>
  pager.report({ source: 'rules', evidence: 'seen', conditions: names.map((name) => named(name)) })
const names = (got: readonly Notification[]) =>
  got.map(({ reason, alerts }) => `${reason} ${alerts.map(({ labels }) => labels.alertname)}`)
const soon = (condition: () => boolean | Promise<boolean>) => until(condition, 20_000, () => 'it did not come')

test('what fires reaches its channels, and the file is its owner’s alone', async () => {
  const dir = tempDir()
  const [one, two] = [takes(), takes()]
  const pager = await open(dir, one.channel, two.channel)
  report(pager, 'A')
  await soon(() => one.got.length === 1 && two.got.length === 1)
  expect(names(one.got)).toEqual(['new A'])
  expect(statSync(join(dir, 'alerts.db')).mode & 0o777).toBe(0o600)
  await soon(() => pager.stats().waitingMessages === 0)
  expect(pager.stats()).toMatchObject({ firing: 1, sent: { one: 1, two: 1 }, failed: {}, dropped: 0 })
  const history = await pager.history({ limit: 10 })
  expect(history.map(({ what }) => what).toSorted()).toEqual(['firing', 'sent', 'sent'])
})

test('a channel that hangs, or is gone, keeps no other from being told', async () => {
  const hangs = fake(() => new Promise(() => {}), 200)
  const throws = fake(() => Promise.reject(new TypeError('https://secret.example/')))
  const pager = await open(tempDir(), hangs.channel, throws.channel)
  report(pager, 'A')
  await soon(() => throws.got.length >= 2 && hangs.got.length >= 2)
  expect(new Set(throws.got.map(({ id }) => id)).size).toBe(1)
  expect(pager.stats()).toMatchObject({ waitingMessages: 2, sent: {} })
})

test('what was not sent when it was closed is sent by the next, once; silences and acknowledgements stay', async () => {
  const dir = tempDir()
  const refuses = fake(async () => ({ is: 'failed', problem: 'answered 503' }))
  const first = await open(dir, refuses.channel)
  report(first, 'A', 'B')
  await soon(() => refuses.got.length > 0)
  const { alert } = (await first.alerts()).alerts.find(({ alert }) => alert.labels.alertname === 'B')!
  const acknowledge = { do: 'acknowledge', fingerprint: alert.fingerprint, by: 'anna', comment: 'on it' } as const
  expect(await first.act(acknowledge)).toBe(true)
  expect(await first.act({ ...acknowledge, fingerprint: 'none' })).toBe(false)
  const silence = { id: 's', matchers: ['alertname="C"'], startsAt: 0, endsAt: 4e12, by: 'anna', comment: '' }
  await first.act({ do: 'silence', silence })
  await first.close()

  const [one, two] = [takes(), takes()]
  const second = await open(dir, one.channel, two.channel)
  report(second, 'A', 'B', 'C')
  await soon(() => one.got.length === 2)
  await soon(() => second.stats().waitingMessages === 0)
  expect(new Set(names(one.got))).toEqual(new Set(['new A', 'new B']))
  expect(two.got.filter(({ reason }) => reason === 'new')).toEqual([])
  const states = (await second.alerts()).alerts.map(({ alert, quiet }) => [
    alert.labels.alertname,
    alert.state,
    quiet?.reason,
  ])
  expect(states.toSorted()).toEqual([
    ['A', 'firing', undefined],
    ['B', 'acknowledged', undefined],
    ['C', 'firing', 'silence'],
  ])
})

test('events of one kind that come at once are one alert with their number', async () => {
  const one = takes()
  const pager = await open(tempDir(), one.channel)
  const labels = { alertname: 'RateLimitExceeded', severity: 'MEDIUM' }
  for (let at = 0; at < 5000; at++) pager.pulse({ source: 'events', labels, annotations: {}, holdMs: 60_000 })
  await soon(() => one.got.length === 1)
  expect((await pager.alerts()).alerts[0]!.alert.count).toBe(5000)
  for (let at = 0; at < OPTIONS.maxAlerts + 2000; at++)
    pager.pulse({ source: 'events', labels: { ...labels, n: String(at) }, annotations: {}, holdMs: 60_000 })
  expect(pager.stats().dropped).toBe(2000)
})

test('a damaged file is moved aside, loudly, and what fires is told', async () => {
  const dir = tempDir()
  writeFileSync(join(dir, 'alerts.db'), 'this is no database, whatever its name says'.repeat(100))
  const faults: string[] = []
  const one = takes()
  const pager = await open(dir, one.channel, takes().channel, ({ code }) => void faults.push(code))
  report(pager, 'A')
  await soon(() => one.got.length === 1)
  expect(faults).toEqual(['ALERTS_CORRUPT'])
  expect(readdirSync(dir).some((name) => name.startsWith('alerts.db.corrupt-'))).toBe(true)
})

test('a place where nothing can be kept is an error in words', async () => {
  const file = join(tempDir(), 'file')
  writeFileSync(file, '')
  chmodSync(file, 0o600)
  await expect(open(file, takes().channel)).rejects.toMatchObject({ code: 'ALERTS_FAILED' })
})
