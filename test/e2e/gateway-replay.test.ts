/** A client that loses an event stream of a stdio server, and comes back for the rest. */
import { afterEach, expect, test } from 'vitest'
import { code, type Harness, serve, until } from './gateway-harness.js'

let harness: Harness
afterEach(() => harness.stop())

/** Says what it is told to: a call begins with notices and waits; `say` gives one more notice, `finish` the answer. */
const TALKER = code(`
  const send = (message) => console.log(JSON.stringify({ jsonrpc: '2.0', ...message }))
  const notice = (data) => send({ method: 'notifications/message', params: { level: 'info', data } })
  let asked
  require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
    const { id, method, params } = JSON.parse(line)
    if (method === 'initialize' || method === 'server/discover') send({ id, result: { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 't', version: '1' } } })
    else if (method === 'tools/call') {
      asked = id
      const progressToken = params._meta?.progressToken
      if (progressToken === undefined) notice('begun')
      else send({ method: 'notifications/progress', params: { progressToken, progress: 1 } })
    } else if (method === 'notifications/say') for (const data of params.data) notice(data)
    else if (method === 'notifications/finish') send({ id: asked, result: { content: [] } })
    else if (method === 'notifications/cancelled') process.exit(1)
  })`)

const ACCEPT = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
const post = (headers: Record<string, string>, body: unknown, signal?: AbortSignal) =>
  fetch(harness.address('talker'), {
    method: 'POST',
    headers: { ...ACCEPT, ...headers },
    body: JSON.stringify(body),
    ...(signal && { signal }),
  })
const get = (headers: Record<string, string>, signal?: AbortSignal) =>
  fetch(harness.address('talker'), { headers: { accept: 'text/event-stream', ...headers }, ...(signal && { signal }) })
const call = { jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name: 'talk', arguments: {} } }
const tell = (session: Record<string, string>, method: string, data: readonly string[] = []) =>
  post(session, { jsonrpc: '2.0', method: `notifications/${method}`, params: { data } })

async function open(version = '2025-11-25'): Promise<Record<string, string>> {
  const params = { protocolVersion: version, capabilities: {}, clientInfo: { name: 'raw', version: '1' } }
  const opened = await post({}, { jsonrpc: '2.0', id: 1, method: 'initialize', params })
  await opened.text()
  return { 'mcp-session-id': opened.headers.get('mcp-session-id')!, 'mcp-protocol-version': version }
}

/** Reads an event stream until what came holds this text. */
async function readUntil(response: Response, text: string): Promise<string> {
  const reader = response.body!.getReader()
  let got = ''
  while (!got.includes(text)) {
    const { done, value } = await reader.read()
    if (done) throw new Error(`the stream ended after ${got}`)
    got += new TextDecoder().decode(value)
  }
  reader.releaseLock()
  return got
}

/** Begins a call, reads its stream until its first notice, and loses the connection. */
async function loseCall(session: Record<string, string>): Promise<string> {
  const away = new AbortController()
  const got = await readUntil(await post(session, call, away.signal), 'begun')
  away.abort()
  await until(
    () => harness.ofType('http').some(({ responseBytes, status }) => status === 200 && responseBytes === got.length),
    'the connection is gone',
  )
  return got
}

const ids = (text: string) => [...text.matchAll(/^id: (.*)$/gm)].map(([, id]) => id)

test('an answer that came while its client was away is there when it comes back, and nothing was cancelled', async () => {
  harness = await serve({ talker: TALKER })
  const session = await open()
  const got = await loseCall(session)
  expect(got).toMatch(/^id: (\d+)-0\nretry: 1000\ndata: \n\nid: \1-1\nevent: message\ndata: /)
  const [start, last] = ids(got)
  await tell(session, 'finish')
  await until(() => harness.ofType('request.ended').length === 2, 'the server answered')
  // The stream ends with the answer, so that its text can be read to its end.
  const rest = await (await get({ ...session, 'last-event-id': last! })).text()
  expect(rest).toMatch(/^id: \d+-2\nevent: message\ndata: \{"jsonrpc":"2.0","id":7,"result"/)
  const whole = await (await get({ ...session, 'last-event-id': start! })).text()
  expect(ids(whole)).toEqual([last, ids(rest)[0]])
  expect(harness.ofType('request.ended').at(-1)).toMatchObject({ method: 'tools/call', outcome: 'ok' })
  expect(harness.gateway.stats().undelivered).toBe(0)
})

test('a client may come back before the answer, also where its old connection only seems to be there', async () => {
  harness = await serve({ talker: TALKER })
  const session = await open()
  const first = await post(session, call)
  const [, last] = ids(await readUntil(first, 'begun'))
  const second = await get({ ...session, 'last-event-id': last! })
  await expect(first.text()).rejects.toThrow()
  await tell(session, 'finish')
  expect(await second.text()).toContain('"id":7')
})

test('each stream has ids of its own, and gives back what was its own alone', async () => {
  harness = await serve({ talker: TALKER })
  const session = await open()
  const away = new AbortController()
  const listening = await get(session, away.signal)
  await tell(session, 'say', ['one'])
  const [prime, one] = ids(await readUntil(listening, '"one"'))
  const asking = await post(session, { ...call, params: { ...call.params, _meta: { progressToken: 'p' } } })
  const [other] = ids(await readUntil(asking, 'notifications/progress'))
  expect(other!.split('-')[0]).not.toBe(prime!.split('-')[0])
  away.abort()
  await until(() => harness.ofType('http').some(({ method }) => method === 'GET'), 'nobody listens')
  await asking.body!.cancel()
  await until(() => harness.ofType('http').filter(({ status }) => status === 200).length === 3, 'nobody reads')
  await tell(session, 'say', ['two'])
  // From its beginning, so that anything of another stream would be later.
  const again = await get({ ...session, 'last-event-id': prime! })
  const got = await readUntil(again, '"two"')
  expect(ids(got)[0]).toBe(one)
  expect(got).not.toContain('progress')
  expect((await get(session)).status).toBe(409)
})

test('what is held is bounded; the oldest goes first, and what nobody got is counted', async () => {
  harness = await serve({ talker: TALKER }, { replayMaxMessages: 3 })
  const session = await open()
  const [, last] = ids(await loseCall({ ...session }))
  await tell(session, 'finish')
  await until(() => harness.ofType('request.ended').length === 2, 'the server answered')
  const listening = await get(session)
  await tell(session, 'say', ['a', 'b', 'c', 'd'])
  await readUntil(listening, '"d"')
  expect(harness.gateway.stats().undelivered).toBe(1)
  const rest = await get({ ...session, 'last-event-id': last! })
  // The answer is gone, and the id says nothing any more: it is a stream like any other, and there is one.
  expect(rest.status).toBe(409)
})

test('a client of an older revision gets ids, and no event without data', async () => {
  harness = await serve({ talker: TALKER })
  const session = await open('2025-06-18')
  const got = await loseCall(session)
  expect(got).toMatch(/^id: \d+-1\nevent: message\ndata: \{/)
})

test('a silent stream gets a comment after `keepAliveMs`', async () => {
  harness = await serve({ talker: TALKER }, { keepAliveMs: 20 })
  const session = await open()
  expect(await readUntil(await get(session), ': keep-alive\n\n: keep-alive\n\n')).toMatch(
    /^id: .*\nretry: 1000\ndata: \n\n/,
  )
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
    progressToken: 'p',
  }
  const modern = await post(
    { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'talk' },
    { ...call, params: { ...call.params, _meta: meta } },
  )
  const got = await readUntil(modern, ': keep-alive\n\n: keep-alive\n\n')
  expect(got).toContain('notifications/progress')
  expect(ids(got)).toEqual([])
})
