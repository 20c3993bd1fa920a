/** Each kind of failure × each pairing: what the client sees, and that `/metrics` tells of it, once, by its kind. */
import { createServer, type Server, type ServerResponse } from 'node:http'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningDaemon, startDaemon } from '../fixtures/daemon.js'
import { until } from '../fixtures/until.js'
import { listen } from './gateway-harness.js'

const FAULTY = fileURLToPath(new URL('../fixtures/faulty-stdio.mjs', import.meta.url))

/** What the client sees, as `<status> <body>` or `broken`; and the `type` in the metrics of errors, or how it ended instead. */
type Row = readonly [fault: string, seen: RegExp, counted: string]

const ANSWERED: readonly Row[] = [
  ['ok', /^200 .*"done"/, 'success'],
  ['tool-error', /^200 .*"isError":true/, 'tool_error'],
  ['rpc-error', /^200 .*-32099/, 'protocol_error'],
  ['left', /^left/, 'cancelled'],
]
const OVER_STDIO: readonly Row[] = [
  ...ANSWERED,
  ['exit-before', /^502 .*"id":7.*exit status 3.*SERVER_ENDED/, 'process_exit'],
  ['exit-within', /^502 .*"id":7.*exit status 3.*SERVER_ENDED/, 'process_exit'],
  ['junk', /^200 .*"done"/, 'success'],
  ['oversize', /"id":7.*ANSWER_TOO_LONG/, 'protocol_error'],
]
const OVER_HTTP: readonly Row[] = [
  ...ANSWERED,
  ['reset-before', /^502 .*"id":7.*UPSTREAM_BROKEN_OFF/, 'transport_error'],
  ['reset-in-body', /^broken/, 'transport_error'],
  ['reset-in-stream', /^broken/, 'transport_error'],
  ['silent', /^504 .*"id":7.*UPSTREAM_SILENT/, 'timeout'],
  ['stalled', /^broken/, 'timeout'],
  ['http-500', /^500 it broke/, 'transport_error'],
]
const DOWN: readonly Row[] = [['unknown', /^502 .*"id":7.*UPSTREAM_UNREACHABLE/, 'transport_error']]

/** Name of the server → its era, and what is tried there. */
const PAIRINGS = {
  'http to stdio, legacy': { server: 'stdio-legacy', era: 'legacy', rows: OVER_STDIO },
  'http to stdio, modern': { server: 'stdio-modern', era: 'modern', rows: OVER_STDIO },
  'http to http, legacy': { server: 'http-legacy', era: 'legacy', rows: OVER_HTTP },
  'http to http, modern': { server: 'http-modern', era: 'modern', rows: OVER_HTTP },
  'http to http, down': { server: 'down', era: 'modern', rows: DOWN },
} as const

let daemon: RunningDaemon
let upstream: Server

beforeAll(async () => {
  upstream = createServer((req, res) => {
    let body = ''
    req.on('data', (chunk) => {
      body += chunk
    })
    req.on('end', () => answer(body, res))
  })
  const address = await listen(upstream)
  const command = process.execPath
  daemon = await startDaemon({
    config: {
      gateway: { responseTimeoutMs: 500, streamIdleTimeoutMs: 500, maxBodyBytes: 4096 },
      servers: {
        'stdio-legacy': { command, args: [FAULTY, 'legacy'] },
        'stdio-modern': { command, args: [FAULTY, 'modern'] },
        'http-legacy': { url: address },
        'http-modern': { url: address },
        down: { url: 'http://127.0.0.1:1/mcp' },
      },
    },
  })
})
afterAll(async () => {
  await daemon.stop()
  upstream.closeAllConnections()
  upstream.close()
})

/** The HTTP server: its tools are faults as well. */
function answer(body: string, res: ServerResponse): void {
  const { id, method, params = {} } = body === '' ? {} : JSON.parse(body)
  const json = (message: unknown, headers = {}) =>
    res
      .writeHead(200, { 'content-type': 'application/json', ...headers })
      .end(JSON.stringify({ jsonrpc: '2.0', id, ...(message as object) }))
  const content = [{ type: 'text', text: 'done' }]
  if (method === 'initialize')
    json(
      { result: { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 'f', version: '1' } } },
      { 'mcp-session-id': `s-${++sessions}` },
    )
  else if (method === 'tools/list')
    json({ result: { tools: OVER_HTTP.map(([name]) => ({ name, inputSchema: { type: 'object' } })) } })
  else if (method !== 'tools/call') res.writeHead(body === '' ? 200 : 202).end()
  else if (params.name === 'tool-error') json({ result: { content, isError: true } })
  else if (params.name === 'rpc-error') json({ error: { code: -32099, message: 'no' } })
  else if (params.name === 'reset-before') res.socket!.resetAndDestroy()
  else if (params.name === 'reset-in-body' || params.name === 'reset-in-stream' || params.name === 'stalled') {
    const isBody = params.name === 'reset-in-body'
    res.writeHead(200, { 'content-type': isBody ? 'application/json' : 'text/event-stream' })
    res.write(isBody ? '{"jsonrpc":' : ': begun\n\n', () => {
      if (params.name !== 'stalled') res.socket!.resetAndDestroy()
    })
  } else if (params.name === 'http-500') res.writeHead(500).end('it broke')
  else if (params.name === 'ok') json({ result: { content } })
}
let sessions = 0

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
}

/** A client of one server in one era: a session, or none. */
async function client(server: string, era: 'legacy' | 'modern') {
  let session: Record<string, string> = {}
  const send = (id: number | undefined, method: string, params: object = {}, signal?: AbortSignal) => {
    const named: Record<string, string> = 'name' in params ? { 'mcp-name': String(params.name) } : {}
    const modern = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method, ...named }
    return fetch(`${daemon.url}/mcp/${server}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...(era === 'modern' ? modern : session),
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id,
        method,
        params: era === 'modern' ? { ...params, _meta: META } : params,
      }),
      ...(signal && { signal }),
    })
  }
  if (era === 'legacy') {
    const opening = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'm', version: '1' } }
    const opened = await send(1, 'initialize', opening)
    await opened.text()
    session = { 'mcp-session-id': opened.headers.get('mcp-session-id')!, 'mcp-protocol-version': '2025-11-25' }
  }
  // A tool is a label once it was listed.
  // A process that ended by a fault before is not started again at once.
  await until(
    async () => {
      const listed = await send(2, 'tools/list')
      await listed.text()
      return listed.status !== 503
    },
    20_000,
    () => `${server} is held back`,
  )
  return send
}

/** The series of a metric that have these labels, by another label. */
async function series(name: string, labels: Record<string, string>, by: string): Promise<Record<string, number>> {
  const text = await (await fetch(`${daemon.url}/metrics`)).text()
  const found: Record<string, number> = {}
  for (const line of text.split('\n')) {
    if (!line.startsWith(`${name}{`)) continue
    if (!Object.entries(labels).every(([label, value]) => line.includes(`${label}="${value}"`))) continue
    const value = Number(line.slice(line.lastIndexOf(' ') + 1))
    const key = new RegExp(`${by}="([^"]*)"`).exec(line)?.[1] ?? ''
    if (value > 0) found[key] = (found[key] ?? 0) + value
  }
  return found
}

const cells = Object.entries(PAIRINGS).flatMap(([pairing, { server, era, rows }]) =>
  rows.map(([fault, seen, counted]) => ({ pairing, server, era, fault, seen, counted })),
)

test.each(cells)('$pairing: $fault', async ({ server, era, fault, seen, counted }) => {
  const send = await client(server, era)
  const leaving = new AbortController()
  const asked = send(7, 'tools/call', { name: fault, arguments: {} }, leaving.signal).then(
    async (response) =>
      `${response.status} ${await response.text().catch(() => 'broken')}`.replace(/^200 broken/, 'broken'),
    () => (leaving.signal.aborted ? 'left' : 'broken'),
  )
  if (fault === 'left') {
    await until(
      async () => (await series('mcp_queue_depth', { server }, 'server'))[server] === 1,
      10_000,
      () => 'no call',
    )
    // In a session a lost connection cancels nothing: it is said. Without one, to leave is to cancel.
    if (era === 'legacy') await (await send(undefined, 'notifications/cancelled', { requestId: 7 })).text()
    leaving.abort()
    await asked
  } else expect(await asked).toMatch(seen)
  const labels = { server, tool: fault }
  const status = ['success', 'cancelled'].includes(counted) ? counted : 'error'
  let calls: Record<string, number> = {}
  await until(
    async () => {
      calls = await series('mcp_tool_calls_total', labels, 'status')
      return Object.keys(calls).length > 0
    },
    10_000,
    () => 'the call never ended',
  )
  expect(calls).toEqual({ [status]: 1 })
  expect(await series('mcp_errors_total', labels, 'type')).toEqual(status === 'error' ? { [counted]: 1 } : {})
  expect(await series('mcp_timeouts_total', labels, 'tool')).toEqual(counted === 'timeout' ? { [fault]: 1 } : {})
})
