/**
 * The exported receivers of PagerDuty in Debian's Alertmanager, by keys of both kinds: what fires, and its end, come to the door
 * that the key is for. The file is as it is, but for the place of the secret, the way out, and times.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { alertmanagerOfTest } from '../fixtures/alertmanager.js'
import { pagerDutyFarEnd } from '../fixtures/pagerduty.js'
import { until } from '../fixtures/until.js'
import { exported, yamlOf } from '../unit/export/support.js'
import { tempDir } from '../unit/store/support.js'

const KEY = 'e93facc04764012d7bfb002500d5d1a6'

test.each([
  ['v1', 'plugins', undefined],
  ['v1', '', { type: 'pagerduty', serviceKey: KEY }],
  ['v2', '', { type: 'pagerduty', routingKey: KEY }],
] as const)('by a key of Events %s, of the preset "%s" and a channel %o', async (door, preset, channel) => {
  const far = await pagerDutyFarEnd([KEY])
  const values = channel && { alerts: { channels: { pagerduty: channel } } }
  const config = yamlOf(exported('alertmanager', preset, values), 'alertmanager/alertmanager.yml')
  Object.assign(config.route, { group_wait: '100ms', group_interval: '1s' })
  const own = config.receivers.find(({ name }: { name: string }) => name === 'pagerduty')
  const [receiver] = own.pagerduty_configs
  const [named] = Object.keys(receiver).filter((name) => name.endsWith('_file'))
  expect(named).toBe(door === 'v1' ? 'service_key_file' : 'routing_key_file')
  const secret = join(tempDir(), receiver[named!])
  mkdirSync(dirname(secret), { recursive: true })
  writeFileSync(secret, KEY)
  Object.assign(receiver, { [named!]: secret, http_config: far.httpConfig })
  config.receivers = config.receivers.map((one: { name: string }) => (one === own ? one : { name: one.name }))
  const { url } = await alertmanagerOfTest({ config: JSON.stringify(config) })

  const alert = {
    labels: { alertname: 'ServerUnreachable', severity: 'critical', server: 'search' },
    annotations: { summary: 'The server search does not answer', description: 'mcp_server_up is 0.' },
  }
  const post = async (ends: object) => {
    const body = JSON.stringify([{ ...alert, ...ends }])
    const headers = { 'content-type': 'application/json' }
    expect((await fetch(`${url}/api/v2/alerts`, { method: 'POST', headers, body })).status).toBe(200)
  }
  const came = (count: number) =>
    until(
      () => far.events.length >= count,
      30_000,
      () => `${JSON.stringify(far.events)}\nrefused: ${far.refused.join('\n')}`,
    )
  await post({})
  await came(1)
  await post({ endsAt: new Date(Date.now() - 1000).toISOString() })
  await came(2)
  const [begin, end] = far.events
  expect([begin, end]).toEqual([
    { door, key: KEY, action: 'trigger', incident: expect.any(String), text: expect.stringContaining('search') },
    { door, key: KEY, action: 'resolve', incident: begin!.incident, text: expect.any(String) },
  ])
  expect(far.refused).toEqual([])
})
