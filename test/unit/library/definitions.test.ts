/** Definitions of tools are hashed for those who ship to a daemon, which tells of changes; nobody else pays for it. */
import { expect, test } from 'vitest'
import type { Event, EventOf } from '../../../packages/instrument/src/event/index.js'
import { instrument, vitals } from '../../../packages/instrument/src/index.js'
import { ship } from '../../../packages/instrument/src/node/index.js'
import { connected } from '../sdk/servers.js'

test('hashes are there while something is shipped, and else empty', async () => {
  const events: Event[] = []
  const stop = vitals().attach((event) => events.push(event))
  const { client } = await connected(1, instrument)
  await client.listTools()
  const shipping = ship({ url: 'http://127.0.0.1:1', token: 'none' })
  await client.listTools()
  await client.listTools()
  await shipping.close()
  await client.listTools()
  await client.close()
  stop()
  const told = events.filter((event): event is EventOf<'tools.listed'> => event.type === 'tools.listed')
  const none = told[0]!.tools.map(() => '')
  const each = none.map(() => expect.stringMatching(/^[0-9a-f]{32}$/))
  expect(told.map(({ hashes }) => hashes)).toEqual([none, each, each, none])
  expect(told[2]!.hashes).toEqual(told[1]!.hashes)
  expect(new Set(told[1]!.hashes).size).toBe(none.length)
})
