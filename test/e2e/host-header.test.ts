/** Every request names one host (RFC 9112, 3.2), at every door of the daemon. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningDaemon, startDaemon } from '../fixtures/daemon.js'
import { exchangeRaw, readMessages } from '../fixtures/wire.js'
import { fixture, script } from './gateway-harness.js'

let daemon: RunningDaemon
beforeAll(async () => {
  daemon = await startDaemon({
    config: { servers: { scripted: script(fixture('scripted-stdio.mjs')) }, metrics: { port: 0 } },
  })
})
afterAll(async () => void (await daemon?.stop()))

const INITIALIZE = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
})

const POST = ['Content-Type: application/json', 'Accept: application/json, text/event-stream']

/** Where it is asked, and what else it is asked with. */
const ASKED = [
  ['GET /health', () => daemon.url, [], ''],
  ['GET /metrics', () => daemon.url, [], ''],
  ['GET /metrics', () => /http:\S+(?=\/metrics)/.exec(metricsServer())![0], [], ''],
  ['POST /mcp/scripted', () => daemon.url, POST, INITIALIZE],
] as const

function metricsServer(): string {
  return String(daemon.lines().find(({ event }) => event === 'metrics_server_started')?.message)
}

async function statusOf(asked: (typeof ASKED)[number], hosts: (host: string) => readonly string[], version = '1.1') {
  const [target, at, headers, body] = asked
  const { host, port } = new URL(at())
  const length = body === '' ? [] : [`Content-Length: ${body.length}`]
  const lines = [`${target} HTTP/${version}`, ...hosts(host), ...headers, ...length, 'Connection: close', '', body]
  const [answer] = readMessages(await exchangeRaw(Number(port), Buffer.from(lines.join('\r\n'))))
  return Number(answer!.start.split(' ')[1])
}

describe.each(ASKED.map((asked, at) => [`${asked[0]} (${at})`, asked] as const))('%s', (_, asked) => {
  test('is answered where it names one host', async () => {
    expect(await statusOf(asked, (host) => [`Host: ${host}`])).toBe(200)
  })

  test.each([
    ['none', () => []],
    ['one twice', (host: string) => [`Host: ${host}`, `Host: ${host}`]],
    ['another behind it', (host: string) => [`Host: ${host}`, 'X-Between: 1', 'hOST: evil.example']],
    ['another before it', (host: string) => ['Host: evil.example', `Host: ${host}`]],
    ['an empty one behind it', (host: string) => [`Host: ${host}`, 'Host:']],
  ])('is 400 where it names %s', async (_, hosts) => {
    expect(await statusOf(asked, hosts)).toBe(400)
  })

  test.each([
    [200, 'this one', (host: string) => [host, host]],
    [200, 'this one, in another case', (host: string) => [host.replace('127.0.0.1', 'LOCALHOST'), host]],
    [403, 'another than Host', (host: string) => ['evil.example', host]],
    [403, 'this one and Host another', (host: string) => [host, 'evil.example']],
    [400, 'a user as well', (host: string) => [`evil.example@${host}`, host]],
  ])('is %i where its target is the whole address of %s', async (status, _, hosts) => {
    const [method, path] = asked[0].split(' ') as [string, string]
    const [target, header] = hosts(new URL(asked[1]()).host) as [string, string]
    const whole = [`${method} http://${target}${path}`, ...asked.slice(1)] as unknown as typeof asked
    expect(await statusOf(whole, () => [`Host: ${header}`])).toBe(status)
  })

  test('is answered where its head has 60 kB, in ever so many lines', async () => {
    const many = Array.from({ length: 4000 }, (_, n) => `X-${n}: ${n}`)
    expect(await statusOf(asked, (host) => [...many, `Host: ${host}`])).toBe(200)
  })

  test('is refused where a client of HTTP/1.0 names none', async () => {
    expect(await statusOf(asked, () => [], '1.0')).toBe(403)
  })
})
