import { expect, test } from 'vitest'
import type { Channel } from '../../packages/server/src/channels/index.js'
import type { FarEnd } from '../fixtures/far-end.js'
import { alertView, notificationOf } from '../fixtures/notification.js'

export interface ChannelUnderTest {
  readonly channel: Channel
  readonly far: FarEnd<unknown>
  /** Texts that no problem may name. */
  readonly secrets: readonly string[]
}

const within = (ms = 10_000) => AbortSignal.timeout(ms)

/** What every channel promises that sends to a far end. `make` gives a fresh one each time. */
export function channelConformance(name: string, make: () => Promise<ChannelUnderTest>): void {
  test(`${name}: what its far end takes is sent, once`, async () => {
    const { channel, far } = await make()
    const outcome = await channel.send(notificationOf(), within())
    expect(['sent', 'accepted']).toContain(outcome.is)
    expect(far.got).toHaveLength(1)
  })

  test.each(['busy', 'broken', 'reset'] as const)(`${name}: %s may pass`, async (behaviour) => {
    const { channel, far, secrets } = await make()
    far.behave(behaviour)
    const outcome = await channel.send(notificationOf(), within())
    expect(outcome.is).toBe('failed')
    for (const secret of secrets) expect(JSON.stringify(outcome)).not.toContain(secret)
    far.behave('take')
    expect((await channel.send(notificationOf(), within())).is).not.toBe('failed')
  })

  test(`${name}: what is refused is not to be tried again, and the problem names no secret`, async () => {
    const { channel, far, secrets } = await make()
    far.behave('refused')
    const outcome = await channel.send(notificationOf(), within())
    expect(outcome.is).toBe('refused')
    for (const secret of secrets) expect(JSON.stringify(outcome)).not.toContain(secret)
  })

  test(`${name}: nobody there may pass`, async () => {
    const { channel, far } = await make()
    far.behave('reset')
    expect(await channel.send(notificationOf(), AbortSignal.abort())).not.toMatchObject({ is: 'refused' })
  })

  test(`${name}: takes whatever text labels and annotations hold, and very many alerts`, async () => {
    const { channel, far } = await make()
    const wild = '"\\\r\nBcc: x@example.com\r\n\r\n.\r\n<!channel> &amp; \u{1F4A5}\u2028 {{id}} \u0000\ud800'
    const alerts = Array.from({ length: 100 }, (_, index) =>
      alertView({
        fingerprint: String(index).padStart(16, '0'),
        state: index % 3 === 0 ? 'resolved' : index % 3 === 1 ? 'firing' : 'acknowledged',
        labels: { alertname: `A${wild}`, severity: 'critical', path: wild },
        annotations: { summary: wild.repeat(20) },
        ...(index % 3 === 0 && { endsAt: Date.UTC(2026, 10, 29, 13) }),
      }),
    )
    const groupLabels = { alertname: `A${wild}` }
    const outcome = await channel.send(notificationOf({ alerts, groupLabels, truncated: 9900 }), within())
    expect(['sent', 'accepted']).toContain(outcome.is)
    expect(far.got).toHaveLength(1)
    // A body has a bound, whatever happens.
    expect(JSON.stringify(far.got[0]).length).toBeLessThan(512_000)
  })

  test.each(['resolved', 'digest', 'test', 'acknowledged'] as const)(`${name}: tells a %s`, async (reason) => {
    const { channel } = await make()
    const state = reason === 'resolved' ? 'resolved' : reason === 'acknowledged' ? 'acknowledged' : 'firing'
    const alerts = reason === 'test' ? [] : [alertView({ state, ...(state === 'resolved' && { endsAt: Date.now() }) })]
    const outcome = await channel.send(
      notificationOf({ reason, alerts, ...(reason === 'digest' && { held: 3 }) }),
      within(),
    )
    expect(['sent', 'accepted']).toContain(outcome.is)
  })
}

/** What those promise as well that speak HTTP. */
export function httpChannelConformance(name: string, make: () => Promise<ChannelUnderTest>): void {
  channelConformance(name, make)

  test(`${name}: honours Retry-After`, async () => {
    const { channel, far } = await make()
    far.behave('busy')
    expect(await channel.send(notificationOf(), within())).toMatchObject({ is: 'failed', retryAfterMs: 7000 })
  })

  test(`${name}: a far end that hangs is left when its time is over`, async () => {
    const { channel, far } = await make()
    far.behave('hang')
    expect(await channel.send(notificationOf(), within(200))).toMatchObject({ is: 'failed' })
  })

  test(`${name}: does not go where it is redirected to`, async () => {
    const { channel, far } = await make()
    far.behave('redirect')
    expect(await channel.send(notificationOf(), within())).toMatchObject({ is: 'refused' })
    expect(far.got).toHaveLength(1)
  })
}
