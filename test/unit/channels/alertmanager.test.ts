import { expect, test } from 'vitest'
import { alertmanagerOptions } from '../../../packages/server/src/channels/alertmanager/options.js'
import { createAlertmanager } from '../../../packages/server/src/channels/index.js'
import { httpFarEnd } from '../../fixtures/far-end.js'
import { alertView } from '../../fixtures/notification.js'

const MINUTE_MS = 60_000
const NOW = Date.UTC(2026, 10, 29, 12, 30)

interface Posted {
  readonly labels: Readonly<Record<string, string>>
  readonly startsAt: string
  readonly endsAt: string
}

async function feedOf(more: object = {}) {
  const far = await httpFarEnd({ status: 200, body: '' })
  const feed = createAlertmanager(alertmanagerOptions.parse({ type: 'alertmanager', url: `${far.url}/`, ...more }), {
    fetch,
  })
  const send = (at: number, ...names: readonly string[]) =>
    feed.send(
      names.map((name) => alertView({ fingerprint: name, labels: { alertname: name, empty: '' } })),
      at,
      AbortSignal.timeout(10_000),
    )
  const posts = () => far.got.splice(0).map(({ body }) => JSON.parse(body) as readonly Posted[])
  return { far, feed, send, posts }
}

test('what fires is sent as going on for four times the interval, and its end for a quarter of an hour', async () => {
  const { far, send, posts } = await feedOf({ resendMs: MINUTE_MS, headers: { authorization: 'Bearer x' } })
  expect(await send(NOW, 'A')).toEqual({ is: 'sent' })
  expect(far.got[0]).toMatchObject({ method: 'POST', path: '/api/v2/alerts', headers: { authorization: 'Bearer x' } })
  expect(posts()).toEqual([
    [
      {
        labels: { alertname: 'A' },
        annotations: alertView().annotations,
        startsAt: new Date(alertView().startsAt).toISOString(),
        endsAt: new Date(NOW + 4 * MINUTE_MS).toISOString(),
        generatorURL: '',
      },
    ],
  ])
  const ends: (string | undefined)[] = []
  for (const minute of [1, 2, 15, 17]) {
    await send(NOW + minute * MINUTE_MS)
    ends.push(posts()[0]?.[0]?.endsAt)
  }
  const over = new Date(NOW + MINUTE_MS).toISOString()
  expect(ends).toEqual([over, over, over, undefined])
})

test('many alerts are several posts, and what was not taken is a failure that may pass', async () => {
  const { far, send, posts } = await feedOf()
  await send(NOW, ...Array.from({ length: 600 }, (_, index) => `A${index}`))
  expect(posts().map(({ length }) => length)).toEqual([256, 256, 88])
  far.behave('busy')
  expect(await send(NOW, 'A')).toMatchObject({ is: 'failed', retryAfterMs: 7000 })
  far.behave('refused')
  expect(await send(NOW, 'A')).toMatchObject({ is: 'refused' })
})
