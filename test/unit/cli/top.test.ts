import { getEventListeners, once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createTopSource } from '../../../packages/server/src/cli/top-source.js'
import { person } from './person.js'

test.each([
  [['--sort', 'colour'], 'Allowed choices are server, state, rate'],
  [['--view', 'everything'], 'Allowed choices are servers, tools, sessions, alerts'],
  [['--interval', '0'], 'Expected: a number of seconds from 0.2 to 3600, for example 5.'],
])('top %j is refused with what is taken', async (args, words) => {
  const { status, seen } = person(['top', ...args])
  expect(await status).toBe(2)
  const { out, err } = seen()
  expect(out).toBe('')
  expect(err).toContain(words)
})

test('a look ends with the signal that ends all of them, and leaves nothing at it', async () => {
  let isSilent = false
  const server = createServer((_, response) => isSilent || response.end('{}')).listen(0, '127.0.0.1')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  await once(server, 'listening')
  const source = createTopSource({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }, {})
  const stop = new AbortController()
  const listeners = () => getEventListeners(stop.signal, 'abort').length

  const looking = source.look(stop.signal)
  expect(listeners()).toBe(1)
  expect((await looking).rows).toBeDefined()
  expect(listeners()).toBe(0)

  isSilent = true
  const silent = source.look(stop.signal)
  await once(server, 'request')
  stop.abort()
  await expect(silent).rejects.toMatchObject({ code: 'DAEMON_SILENT' })
  expect(listeners()).toBe(0)
})
