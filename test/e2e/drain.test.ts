/**
 * A daemon that stops, or whose servers leave its configuration, while event streams are open: calls in flight are
 * answered, also where the answer needs another message of the client; idle streams are waited for by nobody.
 */
import { writeFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { processesOf } from '../faults/daemon-process.js'
import { daemonOfTest, metric, type RunningDaemon } from '../fixtures/daemon.js'
import { until } from '../fixtures/until.js'
import { fixture, listen, script } from './gateway-harness.js'
import { ENDPOINT, type OpenStream, openStream } from './gateway-sse-harness.js'

const WAIT_MS = 30_000
const SERVERS = ['old', 'stdio', 'http'] as const

const became = (condition: () => boolean | Promise<boolean>, what: string) =>
  until(condition, WAIT_MS, () => `never: ${what}`)
const rpc = (id: number, method: string, params: object = {}) => ({ jsonrpc: '2.0', id, method, params })
const call = rpc(7, 'tools/call', { name: 'sample', arguments: {} })
const opening = rpc(1, 'initialize', {
  protocolVersion: '2025-11-25',
  capabilities: { sampling: {} },
  clientInfo: { name: 'drain', version: '1' },
})
/** The server asks its client, and answers its call with what the client said. */
const question = rpc(1, 'sampling/createMessage', { messages: [], maxTokens: 1 })
const said = { model: 'm', role: 'assistant', content: { type: 'text', text: 'said so' } }
const answer = JSON.stringify({ jsonrpc: '2.0', id: 7, result: { content: [said.content] } })
const event = (message: unknown) => `data: ${typeof message === 'string' ? message : JSON.stringify(message)}\n\n`

/** One that asks its client in each call, over Streamable HTTP at `/mcp` and over HTTP+SSE at `/sse`. */
async function asking(): Promise<string> {
  const streams: ServerResponse[] = []
  const waiting = new Map<string, ServerResponse>()
  const server = createServer(async (req, res) => {
    let body = ''
    for await (const chunk of req) body += chunk
    const { id, method, result } = body === '' ? {} : JSON.parse(body)
    const { pathname, searchParams } = new URL(req.url!, 'http://localhost')
    if (req.method !== 'POST') {
      res.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
      if (pathname === '/sse') res.write(`event: endpoint\ndata: /in?stream=${streams.push(res) - 1}\n\n`)
      return
    }
    const isOld = pathname === '/in'
    const key = isOld ? searchParams.get('stream')! : String(req.headers['mcp-session-id'])
    const stream = isOld ? streams[Number(key)]! : res
    if (isOld || method === undefined || id === undefined) res.writeHead(202).end()
    else {
      const session = method === 'initialize' ? { 'mcp-session-id': 'a-session' } : {}
      res.writeHead(200, { 'content-type': 'text/event-stream', ...session }).flushHeaders()
    }
    if (method === 'tools/call')
      waiting
        .set(key, stream.on('error', () => {}) && stream)
        .get(key)!
        .write(event(question))
    else if (result !== undefined) {
      const asker = waiting.get(key)!
      asker.write(event(answer))
      if (!isOld) asker.end()
    } else if (id !== undefined) {
      const about = { capabilities: {}, serverInfo: { name: 'asking', version: '1' } }
      stream.write(event({ jsonrpc: '2.0', id, result: { protocolVersion: '2025-11-25', tools: [], ...about } }))
      if (!isOld) stream.end()
    }
  })
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return listen(server)
}

const post = (address: string | URL, message: unknown, headers: Record<string, string> = {}) =>
  fetch(address, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
    body: JSON.stringify(message),
  })

/** A call that waits for its client; resolves to all that came of it. */
interface Asked {
  tell(): Promise<number>
  text(): string
}

async function askOnStream(daemon: RunningDaemon, server: string): Promise<Asked> {
  const address = `${daemon.url}/mcp/${server}`
  const stream = await openStream(address)
  await became(() => ENDPOINT.test(stream.text), 'an endpoint')
  const endpoint = new URL(ENDPOINT.exec(stream.text)![1]!, address)
  const comes = (what: string) => became(() => stream.text.includes(what), what)
  await (await post(endpoint, opening)).text()
  await comes('serverInfo')
  await (await post(endpoint, { jsonrpc: '2.0', method: 'notifications/initialized' })).text()
  await (await post(endpoint, call)).text()
  await comes('sampling/createMessage')
  return asked(
    () => stream.text,
    (message) => post(endpoint, message),
  )
}

async function askInSession(daemon: RunningDaemon, session: Record<string, string>): Promise<Asked> {
  const address = `${daemon.url}/mcp/http`
  const response = await post(address, call, session)
  let text = ''
  void (async () => {
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) text += chunk
  })().catch(() => {})
  await became(() => text.includes('sampling/createMessage'), 'the question')
  return asked(
    () => text,
    (message) => post(address, message, session),
  )
}

function asked(text: () => string, send: (message: unknown) => Promise<Response>): Asked {
  const idOf = () => JSON.parse(/^data: (.*sampling\/createMessage.*)$/m.exec(text())![1]!).id
  return {
    text,
    async tell() {
      const response = await send({ jsonrpc: '2.0', id: idOf(), result: said })
      await response.text()
      return response.status
    },
  }
}

const ENDINGS = {
  'a stop': {
    begin: (daemon: RunningDaemon) => void daemon.process.kill('SIGTERM'),
    logged: 'daemon_stopping',
    refused: 503,
  },
  'a change that takes the servers away': {
    begin: ({ home }: RunningDaemon) => writeFileSync(join(home, 'config.json'), JSON.stringify({ servers: {} })),
    logged: 'config_reloaded',
    refused: 404,
  },
} as const

test.each(Object.keys(ENDINGS) as (keyof typeof ENDINGS)[])('%s', async (ending) => {
  const { begin, logged, refused } = ENDINGS[ending]
  const upstream = await asking()
  const daemon = await daemonOfTest({
    config: {
      servers: {
        old: { url: `${upstream}/sse`, transport: 'sse' },
        stdio: script(fixture('legacy-server.mjs')),
        http: { url: `${upstream}/mcp` },
      },
      // Longer than any test: what waits it out does not pass.
      gateway: { stopGraceMs: 3_600_000 },
    },
  })
  const events = (name: string) => daemon.lines().filter((line) => line.event === name)
  await became(() => events('server_found').length === SERVERS.length, 'its own looks are over')
  const opened = await post(`${daemon.url}/mcp/http`, opening)
  const session = { 'mcp-session-id': opened.headers.get('mcp-session-id')!, 'mcp-protocol-version': '2025-11-25' }
  await opened.text()
  const idle: OpenStream[] = [
    await openStream(`${daemon.url}/mcp/old`),
    await openStream(`${daemon.url}/mcp/stdio`),
    await openStream(`${daemon.url}/mcp/http`, session),
  ]
  const calls = [
    await askOnStream(daemon, 'old'),
    await askOnStream(daemon, 'stdio'),
    await askInSession(daemon, session),
  ]
  for (const server of SERVERS)
    await became(async () => (await metric(daemon.url, 'mcp_requests_in_flight', { server }))! > 0, `${server} is busy`)
  begin(daemon)
  await became(() => events(logged).length === 1, logged)
  const openAnother = async () => {
    const response = await post(`${daemon.url}/mcp/stdio`, opening)
    await response.text()
    return response.status
  }
  await became(async () => (await openAnother()) === refused, 'no session is opened any more')
  for (const each of calls) expect(await each.tell()).toBe(202)
  for (const { text } of calls) await became(() => text().includes('said so'), 'the answer')
  for (const stream of idle) await became(() => stream.over !== undefined, 'an idle stream ended')
  if (refused === 503) await became(() => daemon.process.exitCode !== null, 'the daemon ended')
  const completed = events('tool_call_completed').map(({ server }) => server)
  await became(() => events('tool_call_completed').length === calls.length, `all were completed: ${completed}`)
  if (refused === 503) expect(daemon.process.exitCode).toBe(0)
  await became(() => processesOf(daemon.dataDir).every((pid) => pid === daemon.process.pid), 'no process is left')
})
