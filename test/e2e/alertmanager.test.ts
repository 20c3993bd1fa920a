/** Alerts of a daemon in Debian's Alertmanager: they come, are over, and a test says that it is one. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { alertmanagerOfTest } from '../fixtures/alertmanager.js'
import { daemonOfTest } from '../fixtures/daemon.js'
import { until } from '../fixtures/until.js'

test('Alertmanager shows what fires, until it is over, and a test', async () => {
  const relay = await alertmanagerOfTest()
  const channels = { relay: { type: 'alertmanager', url: relay.url, resendMs: 1000 } }
  const daemon = await daemonOfTest({ config: { alerts: { channels, routes: [{ notify: ['relay'] }] } } })
  const post = async (path: string, file: string, body: object) => {
    const answer = await fetch(daemon.url + path, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${readFileSync(join(daemon.dataDir, file), 'utf8').trim()}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify(body),
    })
    return { status: answer.status, body: await answer.json() }
  }
  const tell = (stage: 'found' | 'over') =>
    post('/v1/events', 'token', {
      sender: { kind: 'script', name: 'app', version: '1' },
      events: [
        {
          ...{ type: 'anomaly', server: 'notes', name: 'read', signal: 'latency', stage, severity: 'HIGH' },
          ...{ usual: 10, seen: 90, calls: 30 },
        },
      ],
    })
  const names = async () => (await relay.firing()).map(({ labels }) => `${labels.severity} ${labels.alertname}`)
  const shows = (...expected: readonly string[]) =>
    until(
      async () => JSON.stringify((await names()).sort()) === JSON.stringify(expected),
      30_000,
      () => `it does not show ${expected}:\n${daemon.stdout()}`,
    )
  await tell('found')
  await shows('HIGH Anomaly')
  expect((await relay.firing())[0]?.labels).toMatchObject({ server: 'notes', tool: 'read', signal: 'latency' })
  expect(await post('/admin/api/alerts/act', 'owner-token', { do: 'test', channel: 'relay' })).toEqual({
    status: 200,
    body: { done: true, outcome: 'sent' },
  })
  await shows('HIGH Anomaly', 'info Test')
  await tell('over')
  await shows('info Test')
})
