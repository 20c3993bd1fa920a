/** The doctor with servers at an address: real ones, and far ends that do one thing wrong. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  request,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Finding } from '../../../packages/server/src/doctor/index.js'
import { freePort } from '../../fixtures/databases.js'
import { type Complaint, diagnosed, findings, patient } from '../../fixtures/patient.js'
import { promises } from '../../requirements.js'

const home = mkdtempSync(join(tmpdir(), 'mcp-vitals-doctor-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}
const far = async (listener: RequestListener) => `http://127.0.0.1:${await listening(createServer(listener))}`

async function bodyOf(message: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of message) text += chunk
  return text
}

const INITIALIZED = { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 's', version: '1' } }
const answerTo = (text: string): string => {
  const { id, method } = JSON.parse(text) as { id?: unknown; method: string }
  const body =
    method === 'initialize' ? { result: INITIALIZED } : { error: { code: -32601, message: 'no such method' } }
  return JSON.stringify({ jsonrpc: '2.0', id, ...body })
}

/** A server of Streamable HTTP without sessions and streams. */
const plain =
  (path: string): RequestListener =>
  async (message, response) => {
    if (message.url !== path) return void response.writeHead(404).end()
    if (message.method !== 'POST') return void response.writeHead(405).end()
    const text = await bodyOf(message)
    if (!('id' in JSON.parse(text))) return void response.writeHead(202).end()
    response.writeHead(200, { 'content-type': 'application/json' }).end(answerTo(text))
  }

/** A server of HTTP+SSE, its stream at /sse. */
function old(): RequestListener {
  let stream: ServerResponse | undefined
  return async (message, response) => {
    if (message.method === 'GET' && message.url === '/sse') {
      if (message.headers.accept !== 'text/event-stream') return void response.writeHead(406).end()
      stream = response
      response.writeHead(200, {
        'content-type': 'text/event-stream',
        'access-control-allow-origin': 'https://fine.example',
      })
      response.write('event: endpoint\ndata: /message\n\n')
    } else if (message.method === 'POST' && message.url === '/message') {
      const text = await bodyOf(message)
      response.writeHead(202).end()
      if ('id' in JSON.parse(text)) stream?.write(`event: message\ndata: ${answerTo(text)}\n\n`)
    } else if (message.method === 'OPTIONS' && message.headers.origin === 'https://fine.example')
      response
        .writeHead(204, {
          'access-control-allow-origin': 'https://fine.example',
          'access-control-allow-headers': 'content-type, mcp-session-id, mcp-protocol-version',
        })
        .end()
    else response.writeHead(message.url === '/sse' ? 405 : 404).end()
  }
}

/** A proxy that collects an answer and lets it go when it is over, as nginx does with buffering on. */
async function buffering(target: string): Promise<string> {
  return far((message, response) => {
    const passed = request(
      `${target}${message.url}`,
      { method: message.method, headers: message.headers },
      async (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('error', () => response.destroy())
        answer.on('end', () =>
          response.writeHead(answer.statusCode!, { ...answer.headers, server: 'nginx' }).end(Buffer.concat(chunks)),
        )
      },
    )
    passed.on('error', () => response.destroy())
    response.on('close', () => passed.destroy())
    message.pipe(passed)
  })
}

const tried = (url: string, transport: 'http' | 'sse' = 'http', more: Complaint = {}): Promise<readonly Finding[]> =>
  findings(
    'servers',
    patient(home, { servers: { mine: { url, headers: {}, transport } }, asked: { timeoutMs: 4_000 }, ...more }),
  )

test('servers of both transports that are well', async () => {
  const servers = {
    new: { url: `${await far(plain('/mcp'))}/mcp`, headers: {}, transport: 'http' },
    old: { url: `${await far(old())}/sse`, headers: {}, transport: 'sse' },
  } as const
  expect(await diagnosed('servers', patient(home, { servers }))).toEqual({
    is: 'looked',
    seen: 'new has 0 tools, old has 0 tools',
    findings: [],
  })
})

test.each([
  [401, /^It wants credentials, and its entry has none\.$/, /"headers":\{"authorization":"Bearer /],
  [403, /^It refuses this caller\.$/, /curl -i/],
  [404, /^There is nothing at this path\.$/, /"url":"http:\/\/127\.0\.0\.1:\d+\/<its path>"/],
  [405, /^The path is there, and does not take what MCP sends\.$/, /"transport":"sse"/],
  [406, /^It does not take the Accept header/, /proxy_set_header Accept/],
  [
    307,
    /^It sends to another address: http:\/\/127\.0\.0\.1:\d+\/elsewhere\.$/,
    /"url":"http:\/\/127\.0\.0\.1:\d+\/elsewhere"/,
  ],
  [502, /^What stands in front of it does not reach it\.$/, /nginx/],
  [500, /^It failed at the first question\.$/, /curl -i/],
])('HTTP %d', async (status, problem, way) => {
  const headers = status === 307 ? { location: '/elsewhere' } : {}
  const url = await far((message, response) => {
    message.resume()
    response.writeHead(message.url === '/elsewhere' ? 500 : status, headers).end('{"error":"no, token=abcd1234efgh"}')
  })
  const [finding, ...more] = await tried(`${url}/mcp`)
  expect(more).toEqual([])
  expect(finding).toMatchObject({ severity: 'error', subject: 'mine', problem: expect.stringMatching(problem) })
  expect(finding!.evidence[0]).toContain(`HTTP ${status}`)
  expect(JSON.stringify(finding)).not.toContain('abcd1234efgh')
  expect(finding!.fix.join('\n')).toMatch(way)
})

describe('another place', () => {
  test('the other path of the same server', async () => {
    const url = await far(plain('/mcp'))
    const [finding] = await tried(`${url}/api`)
    expect(finding!.problem).toBe(`There is no MCP at this path; at ${url}/mcp it speaks Streamable HTTP.`)
    expect(finding!.fix).toEqual([JSON.stringify({ url: `${url}/mcp` })])
  })

  test('the other transport at the same path', async () => {
    const url = await far(old())
    const [finding] = await tried(`${url}/sse`, 'http')
    expect(finding!.problem).toBe('It speaks the deprecated HTTP+SSE, and is configured for Streamable HTTP.')
    expect(finding!.fix).toEqual([JSON.stringify({ url: `${url}/sse`, transport: 'sse' })])
    const [other] = await tried(`${await far(plain('/mcp'))}/mcp`, 'sse')
    expect(other!.problem).toBe('It speaks Streamable HTTP, and is configured for the deprecated HTTP+SSE.')
  })
})

test.each([
  ['a web page', 'text/html', '<html>', /^It answers with a web page and not with JSON or an event stream\.$/],
  ['other JSON', 'application/json', '{"status":"ok"}', /^It answers with JSON that is no JSON-RPC\.$/],
  ['broken JSON', 'application/json', '{"jsonrpc":', /^It answers with JSON that is no JSON-RPC\.$/],
])('%s', async (_, type, body, problem) => {
  const url = await far((message, response) => {
    message.resume()
    response.writeHead(200, { 'content-type': type }).end(body)
  })
  const [finding] = await tried(`${url}/mcp`)
  expect(finding!.problem).toMatch(problem)
})

test(promises('B6.trouble.sse-port'), async () => {
  const right = new URL(await far(old())).port
  const wrong = await freePort()
  const [finding] = await tried(`http://127.0.0.1:${wrong}/sse`, 'sse')
  expect(finding).toMatchObject({ severity: 'error', problem: `Nothing listens on port ${wrong} of 127.0.0.1.` })
  expect(finding!.evidence).toContain(`asking http://127.0.0.1:${wrong}/sse failed: ECONNREFUSED`)
  expect(finding!.evidence.join('\n')).toMatch(
    new RegExp(`are listened on: .*\\b${right} \\(node, process ${process.pid}\\)|and \\d+ more$`),
  )
  const [page] = await tried(
    `${await far((_, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'))}/sse`,
    'sse',
  )
  expect(page!.problem).toBe('It answers with a web page and not with an event stream.')
})

test('a port that fetch never asks is no server that closed the connection', async () => {
  const [finding] = await tried('http://127.0.0.1:10080/mcp', 'http')
  expect(finding).toMatchObject({
    severity: 'error',
    problem: expect.stringContaining('Port 10080 is one that fetch never asks'),
    fix: ['{ "url": "http://127.0.0.1:3001/mcp" }'],
  })
})

test(promises('B6.trouble.sse-accept'), async () => {
  // A proxy that sends its own Accept in place of the client's.
  const target = await far(old())
  const url = await far((message, response) => {
    const headers = { ...message.headers, accept: '*/*' }
    message.pipe(
      request(`${target}${message.url}`, { method: message.method, headers }, (answer) => {
        response.writeHead(answer.statusCode!, answer.headers)
        answer.pipe(response)
      }),
    )
  })
  const [finding] = await tried(`${url}/sse`, 'sse')
  expect(finding!.problem).toBe('It does not take the Accept header of the request.')
  expect(finding!.next).toContain('"text/event-stream" with a GET')
  expect(finding!.fix.at(-1)).toBe(`curl -N -H 'Accept: text/event-stream' '${url}/sse'`)
})

test(promises('B6.trouble.sse-cors'), async () => {
  const url = `${await far(old())}/sse`
  expect(await tried(url, 'sse', { asked: { timeoutMs: 4_000, origin: 'https://fine.example' } })).toEqual([])
  const [finding] = await tried(url, 'sse', { asked: { timeoutMs: 4_000, origin: 'https://other.example' } })
  expect(finding).toMatchObject({
    severity: 'error',
    problem: 'A page of https://other.example may not use it: the browser stops the connection (CORS).',
  })
  expect(finding!.fix).toContain('Access-Control-Allow-Origin: https://other.example')
})

describe('a proxy that collects streams', () => {
  test('of HTTP+SSE: no session comes about', async () => {
    const [finding] = await tried(`${await buffering(await far(old()))}/sse`, 'sse', { asked: { timeoutMs: 1_000 } })
    expect(finding).toMatchObject({
      severity: 'error',
      problem: 'The first event of its stream did not come within 1 s: something collects the stream.',
    })
    expect(finding!.fix.join('\n')).toMatch(/proxy_buffering off;[^\n]*\nX-Accel-Buffering: no/)
  })

  test('an event that comes late is told with what the answer says of the proxy', async () => {
    const inner = old()
    const url = await far((message, response) => {
      if (message.method !== 'GET') return inner(message, response)
      const write = response.write.bind(response)
      response.write = ((chunk: string) => {
        setTimeout(() => write(chunk), 2_300)
        return true
      }) as typeof response.write
      response.setHeader('via', '1.1 proxy.example')
      response.flushHeaders = () => {}
      return inner(message, response)
    })
    const [finding] = await tried(`${url}/sse`, 'sse', { asked: { timeoutMs: 10_000 } })
    expect(finding).toMatchObject({
      severity: 'warning',
      problem: expect.stringMatching(/came after 2\.\d s: something collects/),
    })
    expect(finding!.evidence).toEqual(
      expect.arrayContaining(['via: 1.1 proxy.example', 'X-Accel-Buffering: no is not among the headers']),
    )
  })
})

describe('TLS', () => {
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(home, name)) as [string, string]
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-subj',
      '/CN=other.test',
      '-days',
      '2',
      '-keyout',
      key,
      '-out',
      cert,
    ],
    { stdio: 'ignore' },
  )

  test('a certificate that nobody trusts', async () => {
    const server = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, plain('/mcp'))
    const [finding] = await tried(`https://127.0.0.1:${await listening(server)}/mcp`)
    expect(finding!.problem).toMatch(/^The certificate of 127\.0\.0\.1:\d+ is not trusted\.$/)
    expect(finding!.fix.join('\n')).toMatch(/NODE_EXTRA_CA_CERTS=.*\nopenssl s_client/)
  })

  test('no TLS where it is asked for', async () => {
    const url = await far(plain('/mcp'))
    const [finding] = await tried(`${url.replace('http:', 'https:')}/mcp`)
    expect(finding!.problem).toMatch(/does not speak TLS as it should/)
    expect(finding!.fix[0]).toBe(`{ "url": "${url}/mcp" }`)
  })
})
