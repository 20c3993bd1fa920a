import { type IncomingMessage, request, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, createServer } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { createHttpServer, type Handlers, listen } from '../../../packages/server/src/app/http.js'
import { ROUTES } from '../../../packages/server/src/app/routes.js'
import { createTeardown } from '../../../packages/server/src/app/teardown.js'
import { exchangeRaw, readMessages } from '../../fixtures/wire.js'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

/** Shows the session of an administrator. */
const COOKIE = { cookie: 'any' }
const VISIT = { id: '', session: { user: 'kim', role: 'admin', csrf: '', endsAt: 0 }, write: 'safe' } as const
const answer = (name: string) => () => new Response(name)
/** Whoever stands at the front answers there himself. */
const named = Object.keys(ROUTES).filter((name) => !name.startsWith('front'))
const handlers = Object.fromEntries(named.map((name) => [name, answer(name)])) as unknown as Handlers

/** The head of a request that reaches the gateway, and whose body comes in chunks. */
const POSTED = 'POST /mcp/any HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n'

async function start(): Promise<number> {
  const server = createHttpServer({
    handlers,
    gateway: (name, _, response) => response.end(`gateway ${name}`),
    admission: {
      isAdmin: () => true,
      isOwner: () => true,
      heartbeatAccess: () => 'open',
      access: { visitOf: () => VISIT },
    },
  })
  closing.push(() => server.close())
  return listen(server, '127.0.0.1', 0)
}

function ask(port: number, method: string, path: string, headers: Record<string, string> = {}) {
  return new Promise<{ status: number; text: string; allow: string | undefined }>((resolve, reject) => {
    request({ port, host: '127.0.0.1', method, path, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text, allow: response.headers.allow }))
    })
      .on('error', reject)
      .end()
  })
}

describe('the HTTP server', () => {
  test('serves what the table names, by its methods alone', async () => {
    const port = await start()
    for (const [name, { method, path }] of Object.entries(ROUTES)) {
      if (method === 'any') continue
      for (const verb of method.split(', '))
        expect(await ask(port, verb, path, COOKIE)).toMatchObject({ status: 200, text: name })
      const other = method === 'GET' ? 'POST' : 'DELETE'
      expect(await ask(port, other, path, COOKIE)).toMatchObject({ status: 405, allow: method })
    }
  })

  test('hands /mcp/<name> to the gateway, whatever the method, decoded once', async () => {
    const port = await start()
    for (const method of ['GET', 'POST', 'DELETE', 'PUT'])
      expect(await ask(port, method, '/mcp/my%20notes?x=1')).toMatchObject({ status: 200, text: 'gateway my notes' })
    expect(await ask(port, 'GET', '/mcp/bad%zz')).toMatchObject({ text: 'gateway bad%zz' })
  })

  test('says what there is where there is nothing', async () => {
    const port = await start()
    for (const path of ['/nothing', '/mcp/', '/../etc/passwd', '/metrics/x'])
      expect(await ask(port, 'GET', path)).toMatchObject({ status: 404, text: expect.stringContaining('/metrics') })
  })

  test('refuses a foreign Host or Origin on every route, before anything reads the request', async () => {
    const port = await start()
    for (const { method, path } of Object.values(ROUTES)) {
      const verb = method === 'any' ? 'POST' : method.split(', ')[0]!
      const concrete = path.replace(':name', 'notes')
      expect((await ask(port, verb, concrete, { host: 'evil.example' })).status).toBe(403)
      expect((await ask(port, verb, concrete, { origin: 'https://evil.example' })).status).toBe(403)
    }
  })

  test.each([
    [
      'a head of 100 kB',
      `GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ${'x'.repeat(100_000)}\r\n\r\n`,
      431,
      /65536 bytes/,
    ],
    ['another protocol', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400, /no request of HTTP/],
    ['a body in broken chunks', `${POSTED}zz\r\n`, 400, /no request of HTTP/],
    ['a chunk with endless extensions', `${POSTED}1;${'x'.repeat(20_000)}`, 413, /extensions/],
  ])('says of %s why it is no request, and tells of it', async (_, sent, status, why) => {
    const told: number[] = []
    const server = createHttpServer({ handlers, gateway: () => {}, onUnread: (one) => told.push(one) })
    closing.push(() => server.close())
    const port = await listen(server, '127.0.0.1', 0)
    const answers = readMessages(await exchangeRaw(port, Buffer.from(sent, 'latin1')))
    expect(answers.map(({ start }) => start.split(' ')[1])).toEqual([String(status)])
    expect(JSON.parse(answers[0]!.body.toString())).toMatchObject({
      id: null,
      error: { message: expect.stringMatching(why) },
    })
    expect(told).toEqual([status])
  })

  test('says nothing into an answer that has begun', async () => {
    const told: number[] = []
    const gateway = (_: string, request: IncomingMessage, response: ServerResponse) => {
      response.writeHead(200, { 'content-length': 10 }).write('begun')
      request.on('error', () => {}).resume()
    }
    const server = createHttpServer({ handlers, gateway, onUnread: (one) => told.push(one) })
    closing.push(() => server.close())
    const port = await listen(server, '127.0.0.1', 0)
    const socket = connect(port, '127.0.0.1', () => socket.write(POSTED))
    let got = ''
    socket.on('data', (chunk) => {
      got += chunk
      if (got.endsWith('begun')) socket.write('zz\r\n')
    })
    await new Promise((resolve) => socket.on('error', () => {}).once('close', resolve))
    expect(got).toMatch(/^HTTP\/1\.1 200 .*begun$/s)
    expect(told).toEqual([])
  })

  test('a port in use is an error that names its holder', async () => {
    const holder = createServer()
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve))
    closing.push(() => holder.close())
    const { port } = holder.address() as AddressInfo
    const server = createHttpServer({ handlers, gateway: () => {} })
    await expect(listen(server, '127.0.0.1', port)).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      message: expect.stringContaining(`Port ${port} on 127.0.0.1 is in use by`),
    })
    await expect(listen(server, '127.0.0.1', port)).rejects.toMatchObject({
      message: expect.stringContaining(`(process ${process.pid})`),
    })
  })
})

test('teardown undoes the newest first, once, and a step that fails keeps no other from running', async () => {
  const done: string[] = []
  const faults: unknown[] = []
  const teardown = createTeardown((error) => faults.push(error))
  teardown.push(() => done.push('first'))
  teardown.push(() => Promise.reject(new Error('stuck')))
  teardown.push(async () => done.push('last'))
  await Promise.all([teardown.run(), teardown.run()])
  expect(done).toEqual(['last', 'first'])
  expect(faults).toHaveLength(1)
})
