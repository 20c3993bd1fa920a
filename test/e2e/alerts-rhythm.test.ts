/** When people are told, through the doors of a daemon: muted, in maintenance, hidden, repeated, escalated, acknowledged, held. */
import { readFileSync, writeFileSync } from 'node:fs'
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
  readonly next?: string
}

/** Of a tool that is slow, or is so no more: its alert begins and ends when it is told. */
const slow = (name: string, stage: 'found' | 'over') => ({
  ...{ type: 'anomaly', server: 'notes', name, signal: 'latency', stage, severity: 'HIGH' },
  ...{ usual: 10, seen: 90, calls: 30 },
})
const payloads = (got: readonly Posted[]) => got.map(({ body }) => JSON.parse(body) as Payload)
/** `tool status` of each alert of each message. */
const told = (got: readonly Posted[]) =>
  payloads(got).map(({ alerts }) => alerts.map(({ labels, status }) => `${labels.tool} ${status}`).join())

test('people are told when, how often and by whom the configuration says', async () => {
  const [team, boss, few] = [await httpFarEnd(), await httpFarEnd(), await httpFarEnd()]
  const webhook = (url: string) => ({ type: 'webhook', url })
  const alerts = {
    ...{ groupWaitMs: 0, groupIntervalMs: 1000, repeatIntervalMs: 86_400_000 },
    groupBy: ['tool'],
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
      { match: ['tool="muted"'], notify: ['team'], muteTimes: ['auckland'] },
      { match: ['tool="inactive"'], notify: ['team'], activeTimes: ['past'] },
      {
        match: ['tool=~"urgent|loud"'],
        notify: ['team'],
        repeatIntervalMs: 1000,
        escalate: [{ afterMs: 1000, notify: ['boss'] }],
      },
      { match: ['tool=~"few-.*"'], notify: ['few'] },
      { notify: ['team'] },
    ],
    maintenance: [{ match: ['tool="patched"'], times: ['always'], comment: 'patches' }],
    inhibit: [{ sources: ['tool="upstream"'], targets: ['tool="downstream"'], equal: ['server'] }],
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
  const tell = (stage: 'found' | 'over', ...tools: readonly string[]) =>
    ask('/v1/events', 'token', {
      sender: { kind: 'script', name: 'app', version: '1' },
      events: tools.map((tool) => slow(tool, stage)),
    })
  const list = async () => ((await ask('/admin/api/alerts', 'owner-token')) as Listed).alerts
  const soon = (condition: () => boolean) =>
    until(condition, 30_000, () => JSON.stringify([team, boss, few].map(({ got }) => told(got))))

  await tell('found', 'upstream')
  await tell('found', 'muted', 'inactive', 'patched', 'downstream', 'urgent', 'loud', 'few-1', 'few-2', 'few-3')
  const times = (what: string) => told(team.got).filter((one) => one === what).length
  await soon(() => times('urgent firing') >= 2 && boss.got.length > 0 && few.got.length >= 2)
  const shown = await list()
  expect(Object.fromEntries(shown.flatMap(({ labels, quiet }) => (quiet ? [[labels.tool, quiet]] : [])))).toEqual({
    muted: { reason: 'times', by: 'auckland' },
    inactive: { reason: 'times', by: 'not past' },
    patched: { reason: 'maintenance', by: 'patches' },
    downstream: { reason: 'inhibition', by: 'Anomaly' },
  })

  // The same a page at a time.
  const paged: Listed['alerts'][number][] = []
  for (let after: string | undefined = ''; after !== undefined; ) {
    const page = (await ask(`/admin/api/alerts?limit=3&after=${after}`, 'owner-token')) as Listed
    expect(page.alerts.length).toBeLessThanOrEqual(3)
    paged.push(...page.alerts)
    after = page.next
  }
  const names = (alerts: Listed['alerts']) => alerts.map(({ labels }) => labels.tool)
  expect(names(paged)).toEqual(names(shown))

  const { fingerprint } = shown.find(({ labels }) => labels.tool === 'urgent')!
  await ask('/admin/api/alerts/act', 'owner-token', { do: 'acknowledge', fingerprint, by: 'anna', comment: 'on it' })
  const [before, loud] = ['urgent firing', 'loud firing'].map(times) as [number, number]
  await soon(() => times('loud firing') >= loud + 3)
  await tell('over', 'urgent')
  await soon(() => told(team.got).includes('urgent resolved') && told(boss.got).includes('urgent resolved'))
  // One more may have been on its way when somebody acknowledged.
  expect(times('urgent firing') - before).toBeLessThanOrEqual(1)
  expect(new Set(told(boss.got))).toEqual(new Set(['urgent firing', 'urgent resolved', 'loud firing']))

  const [first, digest] = payloads(few.got)
  expect([first?.alerts.length, digest?.groupKey, digest?.alerts.length]).toEqual([1, 'digest few', 2])
  const held = [...first!.alerts, ...digest!.alerts].map(({ labels }) => labels.tool)
  expect(held.sort()).toEqual(['few-1', 'few-2', 'few-3'])
  const heard = new Set(payloads(team.got).flatMap((each) => each.alerts.map(({ labels }) => labels.tool)))
  expect([...heard].sort()).toEqual(['loud', 'upstream', 'urgent'])
})

test('windows of maintenance change with the configuration: what one left is told, what one keeps quiet is not', async () => {
  const team = await httpFarEnd()
  const base = {
    ...{ groupWaitMs: 0, groupIntervalMs: 1000, repeatIntervalMs: 86_400_000, groupBy: ['tool'] },
    channels: { team: { type: 'webhook', url: team.url } },
    routes: [{ notify: ['team'] }],
  }
  const window = (tool: string, times = 'always') => ({ match: [`tool="${tool}"`], times: [times], comment: 'patches' })
  const daemon = await daemonOfTest({ config: { alerts: base, monitor: { maintenance: [window('patched')] } } })
  const token = readFileSync(join(daemon.dataDir, 'token'), 'utf8').trim()
  const tell = async (...tools: readonly string[]) => {
    const answer = await fetch(`${daemon.url}/v1/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        sender: { kind: 'script', name: 'app', version: '1' },
        events: tools.map((tool) => slow(tool, 'found')),
      }),
    })
    expect(answer.status).toBe(200)
  }
  const quiet = async () => {
    const owner = readFileSync(join(daemon.dataDir, 'owner-token'), 'utf8').trim()
    const answer = await fetch(`${daemon.url}/admin/api/alerts`, { headers: { authorization: `Bearer ${owner}` } })
    const { alerts } = (await answer.json()) as Listed
    return alerts.flatMap(({ labels, quiet }) => (quiet?.reason === 'maintenance' ? [labels.tool] : []))
  }
  const reloaded = async (alerts: object, monitor: object, times: number) => {
    writeFileSync(join(daemon.home, 'config.json'), JSON.stringify({ alerts: { ...base, ...alerts }, monitor }))
    const done = () => daemon.lines().filter(({ event }) => event === 'config_reloaded').length
    await until(
      () => done() >= times,
      20_000,
      () => daemon.stdout(),
    )
  }
  const heard = (tool: string) =>
    until(
      () => told(team.got).includes(`${tool} firing`),
      20_000,
      () => JSON.stringify(told(team.got)),
    )

  await tell('patched', 'loud')
  await heard('loud')
  expect(await quiet()).toEqual(['patched'])
  // A time that is new with the window that names it.
  const times = { ages: { ranges: [{ firstDate: '2000-01-01' }] } }
  await reloaded({ times }, { maintenance: [window('later', 'ages')] }, 1)
  await heard('patched')
  await tell('later', 'louder')
  await heard('louder')
  expect(await quiet()).toEqual(['later'])
  await reloaded({ maintenance: [window('louder')] }, {}, 2)
  await heard('later')
  expect(await quiet()).toEqual(['louder'])
  // The named time is gone from the file, and routes that may name it stay as they were.
  const waiting = daemon.lines().filter(({ event }) => event === 'config_needs_restart')
  expect(waiting.map(({ message }) => message)).toEqual(['Changes that need a restart: alerts.times'])
})
