/** Clients that leave before their `initialize` is answered know no session, so nobody will come back for it. */
import { createServer, request } from 'node:http'
import { afterEach, expect, onTestFinished, test } from 'vitest'
import { code, type Harness, listen, serve, until, url } from './gateway-harness.js'

let harness: Harness
afterEach(() => harness.stop())

const INITIALIZE = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'hasty', version: '1' } },
})

/** Asks for a session, and leaves once `isAsked`. */
async function leave(server: string, isAsked: () => boolean): Promise<void> {
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
  const asked = request(harness.address(server), { method: 'POST', agent: false, headers })
  asked.on('error', () => {})
  asked.end(INITIALIZE)
  await until(isAsked, 'the server was asked')
  asked.destroy()
}

/** Sessions that were begun and not ended. */
const active = () => {
  const ended = new Set(harness.ofType('session.closed').map(({ session }) => session))
  return harness.ofType('session.opened').filter(({ session }) => !ended.has(session))
}

test('its process ends over stdio, and so does its session', async () => {
  harness = await serve({ mute: code('process.stdin.resume()') })
  await leave('mute', () => harness.ofType('request.started').length === 1)
  await until(() => harness.gateway.stats().processes === 0, 'no process runs')
  expect(harness.gateway.stats()).toMatchObject({ sessions: 0, inFlight: 0 })
  expect(harness.ofType('request.ended')).toMatchObject([{ method: 'initialize', outcome: 'cancelled' }])
  expect(active()).toEqual([])
})

test('over HTTP its session ends', async () => {
  let isAsked = false
  const server = createServer((req) => {
    req.resume().once('end', () => {
      isAsked = true
    })
  })
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  harness = await serve({ slow: url(await listen(server)) })
  await leave('slow', () => isAsked && harness.ofType('request.started').length === 1)
  await until(() => harness.ofType('http').length === 1, 'the exchange is over')
  expect(harness.ofType('request.ended')).toMatchObject([{ method: 'initialize', outcome: 'cancelled' }])
  expect(active()).toEqual([])
  expect(harness.gateway.stats().sessions).toBe(0)
})
