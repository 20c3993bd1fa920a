/** When people are told, through the doors of a daemon: muted, in maintenance, hidden, repeated, escalated, acknowledged, held. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { daemonOfTest } from '../fixtures/daemon.js'
import { httpFarEnd, type Posted } from '../fixtures/far-end.js'
import { until } from '../fixtures/until.js'

interface Payload {
  readonly groupKey: string
  readonly status: string
  readonly alerts: readonly { readonly status: string; readonly labels: Readonly<Record<string, string>> }[]
}
interface Listed {
  readonly alerts: readonly {
    readonly fingerprint: string
    readonly labels: Readonly<Record<string, string>>
    readonly quiet?: { readonly reason: string; readonly by: string }
  }[]
}

const RESOLVE_MS = 6000
const failing = (provider: string) => ({ type: 'provider', server: 'notes', provider, ok: false, durationMs: 5 })
const payloads = (got: readonly Posted[]) => got.map(({ body }) => JSON.parse(body) as Payload)
/** `provider status` of each alert of each message. */
const told = (got: readonly Posted[]) =>
  payloads(got).map(({ alerts }) => alerts.map(({ labels, status }) => `${labels.provider} ${status}`).join())

test('people are told when, how often and by whom the configuration says', async () => {
  const [team, boss, few] = [await httpFarEnd(), await httpFarEnd(), await httpFarEnd()]
  const webhook = (url: string) => ({ type: 'webhook', url })
  const alerts = {
    ...{ groupWaitMs: 0, groupIntervalMs: 1000, repeatIntervalMs: 86_400_000, resolveTimeoutMs: RESOLVE_MS },
    groupBy: ['provider'],
    channels: {
      ...{ team: webhook(team.url), boss: webhook(boss.url) },
      few: { ...webhook(few.url), limit: { messages: 1, perMs: 2000 } },
    },
    times: {
      auckland: {
        zone: 'Pacific/Auckland',
        ranges: [
          { from: '00:00', to: '12:00' },
          { from: '12:00', to: '00:00' },
        ],
      },
      past: { ranges: [{ lastDate: '2000-01-01' }] },
    },
    routes: [
      { match: ['provider="muted"'], notify: ['team'], muteTimes: ['auckland'] },
      { match: ['provider="inactive"'], notify: ['team'], activeTimes: ['past'] },
      {
        match: ['provider="urgent"'],
        notify: ['team'],
        repeatIntervalMs: 1000,
        escalate: [{ afterMs: 1000, notify: ['boss'] }],
      },
      { match: ['provider=~"few-.*"'], notify: ['few'] },
      { notify: ['team'] },
    ],
    maintenance: [{ match: ['provider="patched"'], times: ['always'], comment: 'patches' }],
    inhibit: [{ sources: ['provider="upstream"'], targets: ['provider="downstream"'], equal: ['server'] }],
  }
  const daemon = await daemonOfTest({ config: { alerts } })
  const secret = (file: string) => readFileSync(join(daemon.dataDir, file), 'utf8').trim()
  const ask = async (path: string, file: string, body?: object) => {
    const answer = await fetch(daemon.url + path, {
      method: body ? 'POST' : 'GET',
      headers: { authorization: `Bearer ${secret(file)}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    })
    expect(answer.status).toBe(200)
    return (await answer.json()) as unknown
  }
  const tell = (...providers: readonly string[]) =>
    ask('/v1/events', 'token', {
      sender: { kind: 'script', name: 'app', version: '1' },
      events: providers.map(failing),
    })
  const list = async () => ((await ask('/admin/api/alerts', 'owner-token')) as Listed).alerts
  const soon = (condition: () => boolean) =>
    until(condition, 30_000, () => JSON.stringify([team, boss, few].map(({ got }) => told(got))))

  await tell('upstream')
  await tell('muted', 'inactive', 'patched', 'downstream', 'urgent', 'few-1', 'few-2', 'few-3')
  const urgent = () => told(team.got).filter((one) => one === 'urgent firing').length
  await soon(() => urgent() >= 2 && boss.got.length > 0 && few.got.length >= 2)
  const shown = await list()
  expect(Object.fromEntries(shown.flatMap(({ labels, quiet }) => (quiet ? [[labels.provider, quiet]] : [])))).toEqual({
    patched: { reason: 'maintenance', by: 'patches' },
    downstream: { reason: 'inhibition', by: 'ProviderError' },
  })

  const { fingerprint } = shown.find(({ labels }) => labels.provider === 'urgent')!
  await ask('/admin/api/alerts/act', 'owner-token', { do: 'acknowledge', fingerprint, by: 'anna', comment: 'on it' })
  const before = urgent()
  await soon(() => told(team.got).includes('urgent resolved') && told(boss.got).includes('urgent resolved'))
  // One more may have been on its way when somebody acknowledged.
  expect(urgent() - before).toBeLessThanOrEqual(1)
  expect(new Set(told(boss.got))).toEqual(new Set(['urgent firing', 'urgent resolved']))

  const [first, digest] = payloads(few.got)
  expect([first?.alerts.length, digest?.groupKey, digest?.alerts.length]).toEqual([1, 'digest few', 2])
  const held = [...first!.alerts, ...digest!.alerts].map(({ labels }) => labels.provider)
  expect(held.sort()).toEqual(['few-1', 'few-2', 'few-3'])
  const heard = new Set(payloads(team.got).flatMap((each) => each.alerts.map(({ labels }) => labels.provider)))
  expect([...heard].sort()).toEqual(['upstream', 'urgent'])
})
