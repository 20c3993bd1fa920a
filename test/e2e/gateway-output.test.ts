import { afterEach, expect, test } from 'vitest'
import { code, connect, fixture, type Harness, script, serve, until } from './gateway-harness.js'

let harness: Harness
afterEach(() => harness.stop())

const legacy = script(fixture('legacy-server.mjs'))

/** Opens a session by hand, since a client would wait for an answer that never comes. */
const initialize = (server: string) =>
  fetch(harness.address(server), {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 'i-1',
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
    }),
  })

const LONG_TEXT = "'x'.repeat(100_000)"
/** A server that answers every call at length, in the era that the client asks for. */
const lengthy = code(`
  require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
    const { id, method, params } = JSON.parse(line)
    const versions = { supportedVersions: ['2026-07-28'], protocolVersion: params?.protocolVersion }
    const about = { capabilities: { tools: {} }, serverInfo: { name: 'lengthy', version: '1' } }
    const tools = [{ name: 'long', inputSchema: { type: 'object' } }]
    const content = [{ type: 'text', text: params?.arguments?.short ? 'short' : ${LONG_TEXT} }]
    const result = method === 'tools/list' ? { tools } : method === 'tools/call' ? { content } : { ...versions, ...about }
    if (id !== undefined) console.log(JSON.stringify({ result: { resultType: 'complete', ...result }, jsonrpc: '2.0', id }))
  })`)

test.each([
  ['legacy', {}],
  ['modern', { versionNegotiation: { mode: 'auto' as const } }],
])('an answer that is too long fails its own %s call with a reason, and is counted as failed', async (era, options) => {
  harness = await serve({ lengthy }, { maxBodyBytes: 65_536 })
  const { client, call } = await connect(harness.address('lengthy'), options)
  expect(client.getProtocolEra()).toBe(era)
  await expect(call('long')).rejects.toThrow(/lengthy gave an answer of more than 65536 bytes/)
  expect(await call('long', { short: true })).toBe('short')
  await client.close()
  const ended = harness.ofType('request.ended').filter(({ method }) => method === 'tools/call')
  expect(ended.map(({ outcome, errorCode }) => [outcome, errorCode])).toEqual([
    ['protocol_error', '-32603'],
    ['ok', undefined],
  ])
})

test('a server that closes its output and goes on running is ended, and its call fails at once', async () => {
  harness = await serve(
    {
      mute: {
        ...legacy,
        command: 'sh',
        args: ['-c', `head -n 1 >/dev/null; exec >&-; trap '' TERM; while :; do sleep 0.1; done`],
      },
    },
    { startTimeoutMs: 60_000, childGraceMs: 100 },
  )
  const answer = await initialize('mute')
  expect(answer.status).toBe(502)
  expect(await answer.json()).toMatchObject({ id: 'i-1', error: { data: { code: 'SERVER_ENDED' } } })
  expect(harness.ofType('process.ended')).toMatchObject([{ crashed: true, signal: 'SIGKILL' }])
})

test('a server that floods its output with junk is slowed, told in sum, and takes nothing from the others', async () => {
  harness = await serve(
    {
      flood: code('for (;;) require("node:fs").writeSync(1, "junk\\n".repeat(10_000))'),
      good: legacy,
    },
    { stopGraceMs: 100, childGraceMs: 100 },
  )
  const { client, call } = await connect(harness.address('good'))
  const flooding = initialize('flood').then((answer) => answer.text())
  await until(() => harness.ofType('unreadable').some(({ reason }) => reason === 'flood'), 'the flood is told in sum')
  for (let at = 0; at < 20; at++) expect(Number(await call('pid'))).toBeGreaterThan(0)
  await client.close()
  const windows = harness.ofType('unreadable').filter(({ reason }) => reason === 'flood')
  expect(harness.ofType('unreadable').length).toBeLessThanOrEqual(21 * (windows.length + 1))
  expect(windows[0]).toMatchObject({ server: 'flood', direction: 'server_to_client' })
  expect(windows[0]!.count).toBeGreaterThan(900)
  await harness.stop()
  await flooding
})
