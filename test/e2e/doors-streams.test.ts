/** A session belongs to the key that opened it, whatever it is made of: nobody else posts to it, listens to it or ends it. */
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { metric, type RunningDaemon, startDaemon } from '../fixtures/daemon.js'
import { ask, call, HELLO, keys, makeKey, rpc } from '../fixtures/door-clients.js'
import { until } from '../fixtures/until.js'
import { fixture, listen, script } from './gateway-harness.js'
import { ENDPOINT, type OpenStream, openStream } from './gateway-sse-harness.js'

const TIMEOUT_MS = 20_000

let upstream: Server
/** What reached the HTTP+SSE server, of whomever: the daemon looks at it too. */
const asked: { readonly line: string; readonly headers: readonly string[] }[] = []
let daemon: RunningDaemon
let mine: Record<string, string>
let theirs: Record<string, string>

beforeAll(async () => {
  upstream = createServer((req, res) => {
    asked.push({ line: `${req.method} ${req.url}`, headers: req.rawHeaders })
    if (req.method === 'GET')
      res
        .writeHead(200, { 'content-type': 'text/event-stream' })
        .write(`event: endpoint\ndata: /in?stream=${asked.length}\n\n`)
    else acceptPost(req, () => res.writeHead(202).end())
  })
  const address = `${await listen(upstream)}/sse`
  daemon = await startDaemon({
    config: {
      servers: {
        old: { url: address, transport: 'sse' },
        stdio: script(fixture('legacy-server.mjs')),
        modern: script(fixture('modern-server.mjs'), 'stdio'),
      },
      doors: { keys: true, lockout: { failures: 1000 } },
    },
  })
  const shown = (agent: string) => ({ 'X-MCP-Vitals-Key': makeKey(daemon.dataDir, '--agent', agent).key })
  mine = shown('mine')
  theirs = shown('theirs')
  // A key that was just made opens after a moment.
  for (const key of [mine, theirs])
    await until(
      async () => (await ask(at('stdio'), { headers: key, body: rpc(0, 'ping') })).status !== 401,
      TIMEOUT_MS,
      () => 'the key never opened',
    )
})
afterAll(async () => {
  await daemon?.stop()
  upstream.closeAllConnections()
  upstream.close()
})

function acceptPost(req: IncomingMessage, then: () => void): void {
  req.resume().once('end', then)
}

const at = (server: string) => `${daemon.url}/mcp/${server}`
const came = (what: () => boolean, name: string) => until(what, TIMEOUT_MS, () => `never: ${name}`)

async function opened(server: string): Promise<{ stream: OpenStream; endpoint: string }> {
  const stream = await openStream(`${at(server)}?by=me`, mine)
  expect(stream.status).toBe(200)
  await came(() => ENDPOINT.test(stream.text), 'an endpoint')
  return { stream, endpoint: new URL(ENDPOINT.exec(stream.text)![1]!, daemon.url).href }
}

/** How a POST to this address ends with each of the keys, the right one last. */
async function statuses(endpoint: string, body: unknown): Promise<number[]> {
  const shown = [theirs, {}, { 'X-MCP-Vitals-Key': 'mcpv_x' }, mine]
  const got: number[] = []
  for (const headers of shown) got.push((await ask(endpoint, { headers, body })).status)
  return got
}

describe('an HTTP+SSE stream', () => {
  test('opens for a key alone', async () => {
    for (const server of ['old', 'stdio']) expect((await openStream(`${at(server)}?by=nobody`)).status).toBe(401)
    expect(asked.filter(({ line }) => line.includes('nobody'))).toEqual([])
  })

  test('in front of its own kind takes POSTs of its key alone, and no key goes on to the server', async () => {
    const { stream, endpoint } = await opened('old')
    const opening = asked.findIndex(({ line }) => line.includes('by=me'))
    expect(await statuses(endpoint, call(1, 'any'))).toEqual([404, 401, 401, 202])
    const posted = asked.filter(({ line }) => line === `POST /in?stream=${opening + 1}`)
    expect(posted).toHaveLength(1)
    expect(asked.flatMap(({ headers }) => headers).join('\n')).not.toMatch(/x-mcp-vitals-key|mcpv_/i)
    expect(stream.over).toBeUndefined()
    stream.close()
  })

  test('in front of a stdio server takes POSTs of its key alone, and what others ask is not answered on it', async () => {
    const { stream, endpoint } = await opened('stdio')
    expect(await statuses(endpoint, HELLO)).toEqual([404, 401, 401, 202])
    await came(() => stream.text.includes('event: message'), 'the answer')
    await ask(endpoint, { headers: theirs, body: rpc('hijack', 'tools/list') })
    expect((await ask(endpoint, { headers: mine, body: rpc('own', 'tools/list') })).status).toBe(202)
    await came(() => stream.text.includes('"id":"own"'), 'the second answer')
    expect(stream.text.match(/"id":"hello"/g)).toHaveLength(1)
    expect(stream.text).not.toContain('hijack')
    stream.close()
  })
})

test('a session of Streamable HTTP is used, listened to and ended by its key alone', async () => {
  const begun = await ask(at('stdio'), { headers: mine, body: HELLO })
  const session = { 'Mcp-Session-Id': String(begun.headers['mcp-session-id']), 'MCP-Protocol-Version': '2025-03-26' }
  const list = rpc(2, 'tools/list')
  const use = async (method: string, key: Record<string, string>) => {
    if (method !== 'GET')
      return (
        await ask(at('stdio'), { method, headers: { ...session, ...key }, ...(method === 'POST' && { body: list }) })
      ).status
    const stream = await openStream(at('stdio'), { ...session, ...key })
    stream.close()
    return stream.status
  }
  for (const method of ['POST', 'GET', 'DELETE'])
    expect([method, await use(method, theirs), await use(method, {})]).toEqual([method, 404, 401])
  for (const method of ['POST', 'GET', 'DELETE']) expect([method, await use(method, mine)]).toEqual([method, 200])
  expect(await use('POST', mine)).toBe(404)
})

test('what is open with a key is cut when that is revoked, and nothing of another key', async () => {
  const made = makeKey(daemon.dataDir, '--agent', 'leaving')
  const leaving = { 'X-MCP-Vitals-Key': made.key }
  const opens = async () => (await ask(at('stdio'), { headers: leaving, body: rpc(0, 'ping') })).status !== 401
  await until(opens, TIMEOUT_MS, () => 'the key never opened')
  const sessionOf = async (key: Record<string, string>) => {
    const { headers } = await ask(at('stdio'), { headers: key, body: HELLO })
    return { ...key, 'Mcp-Session-Id': String(headers['mcp-session-id']), 'MCP-Protocol-Version': '2025-03-26' }
  }
  const [session, kept] = [await sessionOf(leaving), await sessionOf(mine)]
  const answers = [
    await openStream(at('stdio'), session),
    await openStream(`${at('stdio')}/sse`, leaving),
    await openStream(`${at('old')}?by=leaving`, leaving),
  ]
  const listening = fetch(at('modern'), modernListen(leaving)).then(async (answer) => {
    const reader = answer.body!.getReader()
    await reader.read()
    asked.push({ line: 'subscribed', headers: [] })
    while (!(await reader.read()).done);
  })
  const others = [await openStream(at('stdio'), kept), await openStream(`${at('old')}?by=mine`, mine)]
  await came(() => asked.some(({ line }) => line === 'subscribed'), 'the first of the subscription')
  const cut = () => metric(daemon.url, 'mcp_vitals_gateway_requests_cut_total')
  expect(await cut()).toBe(0)
  expect(keys(daemon.dataDir, 'revoke', made.id).status).toBe(0)
  await expect(listening).rejects.toThrow()
  await came(() => answers.every(({ over }) => over !== undefined), 'the end of every stream')
  await until(
    async () => (await cut()) === 4,
    TIMEOUT_MS,
    () => 'four were never counted as cut',
  )
  expect(others.map(({ over }) => over)).toEqual([undefined, undefined])
  for (const stream of others) stream.close()
})

const modernListen = (key: Record<string, string>) => ({
  method: 'POST',
  headers: {
    ...key,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'subscriptions/listen',
  },
  body: JSON.stringify(
    rpc('s', 'subscriptions/listen', {
      notifications: { toolsListChanged: true },
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientCapabilities': {},
      },
    }),
  ),
})
