import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkConformance, checkFor } from '../../conformance/check.js'
import { type Database, freePort, startPostgres, startRedis } from '../../fixtures/databases.js'
import { until } from '../../fixtures/until.js'

const closing: (() => unknown)[] = []
afterAll(async () => {
  for (const close of closing.reverse()) await close()
})

/** A TCP server that does what it is told with each connection. */
function createPeer(serve: (socket: Socket) => void) {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => {})
    serve(socket)
  })
  return { held: () => sockets.size, listen: () => listening(server), port: () => portOf(server) }
}

async function listening(server: Server): Promise<void> {
  closing.push(() => new Promise((resolve) => server.close(resolve)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
}

const portOf = (server: Server) => (server.address() as AddressInfo).port
const silent = createPeer((socket) => socket.resume())
const rude = createPeer((socket) => socket.destroy())
const babbling = createPeer((socket) => socket.on('data', () => socket.write('Z'.repeat(70_000))))
let free = 0

beforeAll(async () => {
  await Promise.all([silent.listen(), rude.listen(), babbling.listen()])
  free = await freePort()
})

/** Says these things in turn, one for each chunk that it hears, whatever it is asked. */
async function saying(...answers: readonly (Buffer | string)[]): Promise<number> {
  const peer = createPeer((socket) => {
    const left = [...answers]
    socket.on('data', () => socket.write(left.shift() ?? ''))
  })
  await peer.listen()
  return peer.port()
}

describe('http', () => {
  const SECRET = 'h3ader-s3cret'
  const seen: { readonly method: string | undefined; readonly authorization: string | undefined }[] = []
  let open = 0
  const server = createHttpServer((request, response) => {
    const path = request.url ?? ''
    seen.push({ method: request.method, authorization: request.headers.authorization })
    if (path.startsWith('/hang')) return
    if (path.startsWith('/reset')) return void request.socket.resetAndDestroy()
    if (path.startsWith('/endless')) {
      response.writeHead(200)
      const more = setInterval(() => response.write('x'.repeat(1000)), 5)
      return void response.on('close', () => clearInterval(more))
    }
    if (path.startsWith('/moved')) response.setHeader('location', '/500')
    response.writeHead(Number(/^\/(\d{3})/.exec(path)?.[1] ?? (path.startsWith('/moved') ? 302 : 200))).end(SECRET)
  }).on('connection', (socket) => {
    open++
    socket.on('close', () => open--)
  })
  beforeAll(() => listening(server))

  const at =
    (path: string, more: object = {}) =>
    () => ({
      type: 'http',
      url: `http://user:${SECRET}@127.0.0.1:${portOf(server)}${path}?key=${SECRET}`,
      ...more,
    })
  const other = (port: () => number) => () => ({ type: 'http', url: `http://127.0.0.1:${port()}/?key=${SECRET}` })

  checkConformance('http', {
    well: [
      { what: 'a status of 200', entry: at('/200') },
      { what: 'a redirect, which is not followed', entry: at('/moved') },
      { what: 'an expected 401', entry: at('/401', { expectStatus: 401, method: 'HEAD' }) },
      { what: 'one of several', entry: at('/418', { expectStatus: [200, 418] }) },
      { what: 'an answer without an end', entry: at('/endless') },
    ],
    ill: [
      { what: 'a status of 500', entry: at('/500'), reason: 'status', code: '500' },
      { what: 'an unexpected 200', entry: at('/200', { expectStatus: [204] }), reason: 'status', code: '200' },
      { what: 'a reset connection', entry: at('/reset'), reason: 'connection_closed', code: 'ECONNRESET' },
      {
        what: 'a port where nobody listens',
        entry: other(() => free),
        reason: 'connection_refused',
        code: 'ECONNREFUSED',
      },
      { what: 'a peer that hangs up', entry: other(rude.port), reason: 'connection_closed', code: 'ECONNRESET' },
      {
        what: 'something that is not HTTP',
        entry: other(babbling.port),
        reason: 'invalid_answer',
        code: 'HPE_INVALID_CONSTANT',
      },
      {
        what: 'a name that there is not',
        entry: () => ({ type: 'http', url: `http://nobody.invalid/${SECRET}` }),
        reason: 'name_not_resolved',
        code: 'ENOTFOUND',
      },
      {
        what: 'TLS where there is none',
        entry: () => ({ type: 'http', url: `https://127.0.0.1:${babbling.port()}/${SECRET}` }),
        reason: 'tls',
      },
    ],
    hanging: [
      { what: 'a server that never answers', entry: at('/hang') },
      { what: 'a peer that says nothing', entry: other(silent.port) },
    ],
    held: () => open + silent.held() + rude.held() + babbling.held(),
    secret: SECRET,
  })

  test('method and headers are sent', async () => {
    seen.length = 0
    const { url } = at('/200')() as { url: string }
    const headers = { authorization: 'Bearer of-the-entry' }
    await checkFor({ type: 'http', url: url.replace(/\/\/.*@/, '//'), method: 'OPTIONS', headers }).run(
      AbortSignal.timeout(9_000),
    )
    expect(seen).toEqual([{ method: 'OPTIONS', authorization: 'Bearer of-the-entry' }])
  })
})

describe('tcp', () => {
  let full = 0
  // A listener that takes nobody: its process stands still, and its queue of one is full.
  beforeAll(async () => {
    const program = `const s=require('net').createServer().listen({port:0,host:'127.0.0.1',backlog:1},()=>console.log(s.address().port))`
    const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
    closing.push(() => child.kill('SIGKILL'))
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    full = Number(line.toString())
    child.kill('SIGSTOP')
    const fillers = Array.from({ length: 8 }, () => connect(full, '127.0.0.1').on('error', () => {}))
    closing.push(() => fillers.map((filler) => filler.destroy()))
    const queued = () => fillers.filter(({ connecting }) => !connecting).length
    await until(
      () => queued() >= 2,
      10_000,
      () => 'the queue did not fill',
    )
  })
  const at = (port: () => number) => () => ({ type: 'tcp', host: '127.0.0.1', port: port() })

  checkConformance('tcp', {
    well: [{ what: 'a port where somebody listens', entry: at(silent.port) }],
    ill: [
      {
        what: 'a port where nobody listens',
        entry: at(() => free),
        reason: 'connection_refused',
        code: 'ECONNREFUSED',
      },
    ],
    hanging: [{ what: 'a listener that takes nobody', entry: at(() => full) }],
    held: silent.held,
  })
})

describe('postgres', () => {
  const SECRET = 'hunter2'
  const databases: Database[] = []
  const ports: Record<string, number> = {}
  beforeAll(async () => {
    const started = await Promise.all([startPostgres(), startPostgres({ tls: true }), startPostgres({ trust: true })])
    databases.push(...started)
    closing.push(...started.map((database) => () => database.stop()))
    for (const state of ['57P03', '53300', '28P01', '?????']) ports[state] = await saying('N', refusal(state))
    ports.early = await saying(Buffer.concat([Buffer.from('N'), refusal('28P01')]))
  })

  const at =
    (port: () => number, user = 'owner') =>
    () => ({
      type: 'postgres',
      url: `postgres://${user}:${SECRET}@127.0.0.1:${port()}/postgres`,
    })
  const real = (index: number) => () => databases[index]!.port
  /** An error message of the protocol with this SQLSTATE. */
  const refusal = (sqlstate: string) => {
    const fields = Buffer.from(`SFATAL\0C${sqlstate}\0M${SECRET}\0\0`)
    const length = Buffer.alloc(4)
    length.writeInt32BE(4 + fields.length)
    return Buffer.concat([Buffer.from('E'), length, fields])
  }

  checkConformance('postgres', {
    well: [
      { what: 'a server that asks for a password', entry: at(real(0)) },
      { what: 'one that speaks TLS, with a certificate of its own', entry: at(real(1)) },
      { what: 'one that lets in', entry: at(real(2), 'nobody') },
      { what: 'host and port', entry: () => ({ type: 'postgres', host: '127.0.0.1', port: databases[0]!.port }) },
      { what: 'one that refuses the login', entry: at(() => ports['28P01']!) },
    ],
    ill: [
      {
        what: 'a port where nobody listens',
        entry: at(() => free),
        reason: 'connection_refused',
        code: 'ECONNREFUSED',
      },
      { what: 'one that starts up', entry: at(() => ports['57P03']!), reason: 'not_ready', code: '57P03' },
      { what: 'one without a connection left', entry: at(() => ports['53300']!), reason: 'not_ready', code: '53300' },
      { what: 'one that answers what nobody asked', entry: at(() => ports.early!), reason: 'invalid_answer' },
      { what: 'an error that is none', entry: at(() => ports['?????']!), reason: 'invalid_answer' },
      { what: 'a peer that hangs up', entry: at(rude.port), reason: 'connection_closed' },
      { what: 'something else', entry: at(babbling.port), reason: 'invalid_answer' },
    ],
    hanging: [{ what: 'a peer that says nothing', entry: at(silent.port) }],
    held: () => silent.held() + rude.held() + babbling.held(),
    secret: SECRET,
  })
})

describe('redis', () => {
  const SECRET = 'hunter2'
  const databases: Database[] = []
  const ports: Record<string, number> = {}
  beforeAll(async () => {
    const started = await Promise.all([startRedis(), startRedis({ password: 'another' })])
    databases.push(...started)
    closing.push(...started.map((database) => () => database.stop()))
    ports.loading = await saying(`-LOADING ${SECRET}\r\n`)
    ports.strange = await saying(`-${SECRET} is what I say\r\n`)
    ports.http = await saying(`HTTP/1.1 400 ${SECRET}\r\n\r\n`)
  })
  const at =
    (port: () => number, scheme = 'redis') =>
    () => ({
      type: 'redis',
      url: `${scheme}://user:${SECRET}@127.0.0.1:${port()}/0`,
    })

  checkConformance('redis', {
    well: [
      { what: 'a server without a password', entry: at(() => databases[0]!.port) },
      { what: 'one that asks for a password', entry: at(() => databases[1]!.port) },
    ],
    ill: [
      {
        what: 'a port where nobody listens',
        entry: at(() => free),
        reason: 'connection_refused',
        code: 'ECONNREFUSED',
      },
      { what: 'one that is loading', entry: at(() => ports.loading!), reason: 'not_ready', code: 'LOADING' },
      { what: 'an error that we do not know', entry: at(() => ports.strange!), reason: 'not_ready', code: 'ERR' },
      { what: 'something else', entry: at(() => ports.http!), reason: 'invalid_answer' },
      { what: 'an answer without an end', entry: at(babbling.port), reason: 'invalid_answer' },
      { what: 'a peer that hangs up', entry: at(rude.port), reason: 'connection_closed' },
      {
        what: 'TLS where there is none',
        entry: at(babbling.port, 'rediss'),
        reason: 'tls',
      },
    ],
    hanging: [
      { what: 'a peer that says nothing', entry: at(silent.port) },
      { what: 'a peer that says nothing to TLS', entry: at(silent.port, 'rediss') },
    ],
    held: () => silent.held() + rude.held() + babbling.held(),
    secret: SECRET,
  })
})

/** Processes whose command line has this text. */
function processesWith(text: string): number {
  const lines = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).split('\n')
  return lines.filter((line) => line.includes(text) && !line.startsWith('ps ')).length
}

describe('command', () => {
  const MARK = '4242.4242'
  const shell = (script: string) => () => ({
    type: 'command',
    command: 'sh',
    args: ['-c', script],
    env: { KEY: 's3cret-env' },
  })

  checkConformance('command', {
    well: [
      { what: 'exit status 0', entry: shell('test "$KEY" = s3cret-env') },
      { what: 'one that talks much', entry: shell('yes | head -c 1000000; yes | head -c 1000000 >&2') },
    ],
    ill: [
      { what: 'exit status 3', entry: shell('echo s3cret-env; exit 3'), reason: 'exit', code: '3' },
      { what: 'an end by a signal', entry: shell('kill -9 $$'), reason: 'exit', code: 'SIGKILL' },
      {
        what: 'a program that there is not',
        entry: () => ({ type: 'command', command: '/nowhere/s3cret-env' }),
        reason: 'not_found',
      },
      {
        what: 'a file that is no program',
        entry: () => ({ type: 'command', command: fileURLToPath(import.meta.url), args: ['s3cret-env'] }),
        reason: 'not_executable',
      },
    ],
    hanging: [
      { what: 'one that sleeps', entry: shell(`sleep ${MARK}`) },
      {
        what: 'one whose children sleep, deaf to SIGTERM',
        entry: shell(`trap '' TERM; sleep ${MARK} & sleep ${MARK}`),
      },
    ],
    held: () => processesWith(MARK),
    secret: 's3cret-env',
  })

  test('the environment of the daemon is not handed on', async () => {
    process.env.MCP_VITALS_TEST_SECRET = 'set'
    const result = await checkFor(shell('test -z "$MCP_VITALS_TEST_SECRET"')()).run(AbortSignal.timeout(20_000))
    delete process.env.MCP_VITALS_TEST_SECRET
    expect(result.ok).toBe(true)
  })
})

describe('mcp', () => {
  const file = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js'))
  let http = 0
  let sse = 0
  beforeAll(async () => {
    http = await startServer('streamableHttp')
    sse = await startServer('sse')
  })

  async function startServer(transport: string): Promise<number> {
    const port = await freePort()
    const env = { ...process.env, PORT: String(port) }
    const child = spawn(process.execPath, [file, transport], { env, stdio: 'ignore' })
    closing.push(() => child.kill('SIGKILL'))
    const taken = () => fetch(`http://127.0.0.1:${port}/`).then(Boolean, () => false)
    await until(taken, 30_000, () => `the MCP server (${transport}) did not start`)
    return port
  }

  // A server that starts may be slow where much is going on.
  const stdio =
    (command: string, ...args: string[]) =>
    () => ({ type: 'mcp', command, args, env: { KEY: 's3cret-env' }, timeoutMs: 20_000 })
  const web = (port: () => number) => () => ({
    type: 'mcp',
    url: `http://127.0.0.1:${port()}/mcp`,
    headers: { 'x-key': 's3cret-env' },
  })

  const old =
    (port: () => number, path = '/sse') =>
    () => ({ ...web(port)(), transport: 'sse', url: `http://127.0.0.1:${port()}${path}` })

  checkConformance('mcp', {
    well: [
      { what: 'a server over HTTP', entry: web(() => http) },
      { what: 'a server over HTTP+SSE', entry: old(() => sse) },
      { what: 'a server over stdio', entry: stdio(process.execPath, file, 'stdio') },
    ],
    ill: [
      {
        what: 'a port where nobody listens',
        entry: web(() => free),
        reason: 'connection_refused',
        code: 'ECONNREFUSED',
      },
      { what: 'a peer that hangs up', entry: web(rude.port), reason: 'connection_closed', code: 'ECONNRESET' },
      { what: 'no stream at its address', entry: old(() => http, '/mcp'), reason: 'status', code: '400' },
      { what: 'no old server there', entry: old(() => free), reason: 'connection_refused', code: 'ECONNREFUSED' },
      { what: 'a program that ends', entry: stdio('sh', '-c', 'exit 7'), reason: 'exit', code: '7' },
      { what: 'a program that there is not', entry: stdio('/nowhere'), reason: 'not_found' },
    ],
    hanging: [
      { what: 'a peer that says nothing', entry: web(silent.port) },
      { what: 'a peer that gives no stream', entry: old(silent.port) },
      {
        what: 'a program that says nothing',
        entry: stdio('sh', '-c', `trap '' TERM; sleep 4343.4343 & sleep 4343.4343`),
      },
    ],
    held: () => silent.held() + rude.held() + processesWith('4343.4343') + processesWith(`${file} stdio`),
    secret: 's3cret-env',
  })
})
