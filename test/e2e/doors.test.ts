import type { ChildProcess } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { metric, type RunningDaemon, startDaemon } from '../fixtures/daemon.js'
import { ask, call, HELLO, keys, makeKey, rpc } from '../fixtures/door-clients.js'
import { until } from '../fixtures/until.js'
import { fixture, script, startHttpServer } from './gateway-harness.js'

let upstream: { readonly address: string; readonly process: ChildProcess }
let daemon: RunningDaemon
let reader: { readonly key: string; readonly id: string }
let writer: { readonly key: string; readonly id: string }

beforeAll(async () => {
  upstream = await startHttpServer((port) => [fixture('tools-server.mjs'), String(port)])
  const base = new URL(upstream.address).origin
  daemon = await startDaemon({
    config: {
      servers: {
        stdio: script(fixture('legacy-server.mjs')),
        ...Object.fromEntries(['json', 'sse', 'paged', 'redirect'].map((name) => [name, { url: `${base}/${name}` }])),
        open: { url: `${base}/open`, doors: { keys: false, checkArguments: false } },
      },
      providers: { behind: { type: 'mcp', server: 'json' } },
      doors: {
        keys: true,
        checkArguments: true,
        maxRequestBytes: 20_000,
        lockout: { failures: 1000 },
      },
    },
  })
  reader = makeKey(
    daemon.dataDir,
    '--agent',
    'reader-7',
    '--tools',
    'read_*,caf\u00e9',
    '--server',
    'json,sse,paged,redirect',
  )
  writer = makeKey(daemon.dataDir, '--agent', 'writer-8')
  await until(
    async () => (await ask(at('json'), { headers: of(writer), body: rpc(0, 'ping') })).status === 200,
    10_000,
    () => 'the key never opened',
  )
})

afterAll(async () => {
  await daemon?.stop()
  upstream?.process.kill()
})

const at = (server: string, rest = '') => `${daemon.url}/mcp/${server}${rest}`
const of = ({ key }: { readonly key: string }) => ({ 'X-MCP-Vitals-Key': key })
const textOf = (answer: Awaited<ReturnType<typeof ask>>) =>
  JSON.parse((answer.json() as { result: { content: { text: string }[] } }).result.content[0]!.text) as {
    called: string
    headers: string[]
    seen: string[]
  }
const toolsOf = (answer: Awaited<ReturnType<typeof ask>>) =>
  (answer.json() as { result: { tools: { name: string }[] } }).result.tools.map(({ name }) => name)

describe('keys', () => {
  test('are kept as hashes, for their owner alone, and listed without their secret', () => {
    const file = join(daemon.dataDir, 'doors', 'keys.json')
    const secret = reader.key.slice(-43)
    expect(reader.key).toMatch(/^mcpv_[0-9a-f]{12}_[\w-]{43}$/)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readFileSync(file, 'utf8')).not.toContain(secret)
    const { out } = keys(daemon.dataDir, 'list')
    expect(out).toContain(`${reader.id}  reader-7`)
    expect(out).not.toContain(secret)
  })

  test.each([
    ['no key', () => ({})],
    ['a made-up one', () => ({ 'X-MCP-Vitals-Key': `mcpv_000000000000_${'a'.repeat(43)}` })],
    ['a right id with a wrong secret', () => ({ 'X-MCP-Vitals-Key': `${writer.key.slice(0, -1)}_` })],
    ['the header twice', () => ({ 'X-MCP-Vitals-Key': [writer.key, writer.key] })],
    ['another scheme', () => ({ Authorization: `Bearer ${writer.key}` })],
    ['letters of another alphabet', () => ({ 'X-MCP-Vitals-Key': Buffer.from('ключ').toString('latin1') })],
  ])('%s is refused, and the header named', async (_, headers) => {
    const answer = await ask(at('json'), { headers: headers(), body: HELLO })
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).toContain('McpVitalsKey')
    expect(answer.json().error?.message).toContain('X-MCP-Vitals-Key')
  })

  test('open the servers that they name, and no other', async () => {
    const elsewhere = makeKey(daemon.dataDir, '--agent', 'elsewhere', '--server', 's*,paged')
    const status = async (server: string) =>
      (await ask(at(server), { headers: of(elsewhere), body: rpc(1, 'tools/list') })).status
    await until(
      async () => (await status('sse')) === 200,
      5000,
      () => 'it never opened',
    )
    expect(await status('json')).toBe(403)
  })

  test('a key of 100 kB is no request at all', async () => {
    const asked = ask(at('json'), { headers: { 'X-MCP-Vitals-Key': 'k'.repeat(100_000) }, body: HELLO })
    // The connection may be cut while it is still being sent.
    expect(
      await asked.then(
        ({ status, json }) => [status, json().error?.message.includes('65536 bytes')],
        () => 'cut',
      ),
    ).toSatisfy((end) => end === 'cut' || (end[0] === 431 && end[1]))
    await until(
      async () => (await metric(daemon.url, 'mcp_http_requests_total', { path: 'unread', status: '431' })) === 1,
      5000,
      () => 'it was not counted',
    )
    expect((await ask(at('json'), { headers: of(writer), body: rpc(1, 'ping') })).status).toBe(200)
  })

  test('in an address they open nothing, and reach no server', async () => {
    const answer = await ask(at('json', `?key=${writer.key}`), {
      headers: of(writer),
      body: call(1, 'write_note', { text: 'a' }),
    })
    expect(answer.status).toBe(400)
    expect(answer.json().error?.message).toContain('header X-MCP-Vitals-Key')
  })

  test('stay here, and Authorization goes to its own server alone, as it came', async () => {
    const headers = { ...of(writer), Authorization: 'Bearer telltale-4711', 'X-Other': 'stays' }
    const answer = await ask(at('json'), { headers, body: call(1, 'write_note', { text: 'a' }) })
    const raw = textOf(answer).headers
    expect(raw).toContain('Bearer telltale-4711')
    expect(raw).toContain('stays')
    expect(raw.join('\n').toLowerCase()).not.toMatch(/x-mcp-vitals-key|mcpv_/)
    const moved = await ask(at('redirect'), { headers, body: call(2, 'write_note', { text: 'a' }) })
    expect(moved).toMatchObject({ status: 307, headers: { location: '/json' } })
    const other = await ask(at('open'), { body: call(3, 'write_note') })
    expect(JSON.stringify(textOf(other).headers)).not.toContain('telltale')
    expect(daemon.stdout() + daemon.stderr()).not.toMatch(/telltale-4711|mcpv_/)
  })

  test('rotated and revoked ones end at once, and so does what has expired', async () => {
    const { key, id } = makeKey(daemon.dataDir, '--agent', 'short')
    const status = async (shown: string) =>
      (await ask(at('json'), { headers: { 'X-MCP-Vitals-Key': shown }, body: rpc(1, 'ping') })).status
    const becomes = (shown: string, wanted: number) =>
      until(
        async () => (await status(shown)) === wanted,
        5000,
        () => `never ${wanted}`,
      )
    await becomes(key, 200)
    const next = keys(daemon.dataDir, 'rotate', id).out
    await becomes(next, 200)
    expect(await status(key)).toBe(401)
    expect(keys(daemon.dataDir, 'revoke', next.split('_')[1]!).status).toBe(0)
    await becomes(next, 401)
    expect(keys(daemon.dataDir, 'revoke', id)).toMatchObject({
      status: 2,
      err: expect.stringContaining('(KEY_NOT_FOUND)'),
    })
    expect(keys(daemon.dataDir, 'create', '--agent', 'x', '--expires', 'yesterday').err).toContain(
      '(KEY_OPTION_INVALID)',
    )
  })

  test('are not asked of our own checks, which show one of this process', async () => {
    const { checks } = (await (await fetch(`${daemon.url}/health/ready`)).json()) as { checks: Record<string, unknown> }
    expect(checks.behind).toMatchObject({ status: 'ok' })
  })

  test('a session belongs to the key that opened it', async () => {
    const opened = await ask(at('json'), { headers: of(writer), body: HELLO })
    const session = { 'Mcp-Session-Id': String(opened.headers['mcp-session-id']) }
    expect(session['Mcp-Session-Id']).toContain('session-')
    const use = (headers: Record<string, string>) =>
      ask(at('json'), { headers: { ...session, ...headers }, body: rpc(5, 'tools/list') })
    expect((await use(of(writer))).status).toBe(200)
    expect((await use(of(reader))).status).toBe(404)
    expect((await use({})).status).toBe(401)
  })

  test('hold before a stdio server as well, and a page may ask whether it may call', async () => {
    const other = makeKey(daemon.dataDir, '--agent', 'other').key
    const opened = await ask(at('stdio'), { headers: of(writer), body: HELLO })
    const session = { 'Mcp-Session-Id': String(opened.headers['mcp-session-id']) }
    const list = (key: string) =>
      ask(at('stdio'), { headers: { ...session, 'X-MCP-Vitals-Key': key }, body: rpc(2, 'tools/list') })
    expect(toolsOf(await list(writer.key)).length).toBeGreaterThan(0)
    await until(
      async () => (await list(other)).status === 404,
      5000,
      () => 'never 404',
    )
    const asked = { origin: 'http://localhost:6274', 'access-control-request-method': 'POST' }
    const preflight = await ask(at('json'), { method: 'OPTIONS', headers: asked })
    expect(preflight).toMatchObject({ status: 204, headers: { 'access-control-allow-origin': asked.origin } })
    const listed = () =>
      daemon
        .lines()
        .some(({ event, server, agent }) => event === 'tools_listed' && server === 'stdio' && agent === 'writer-8')
    await until(listed, 5000, () => daemon.stdout())
    await ask(at('stdio'), { method: 'DELETE', headers: { ...session, ...of(writer) } })
  })

  test('name the agent in what is observed', async () => {
    await ask(at('json'), { headers: of(reader), body: call('agent', 'read_note', { id: 1 }) })
    await until(
      () => daemon.lines().some((line) => line.agent === 'reader-7' && line.event === 'tool_call_completed'),
      5000,
      () => daemon.stdout(),
    )
    expect(await metric(daemon.url, 'mcp_auth_failures_total', { server: 'json', reason: 'missing' })).toBeGreaterThan(
      0,
    )
    expect(await metric(daemon.url, 'mcp_auth_failures_total', { reason: 'revoked' })).toBeGreaterThan(0)
    expect(await metric(daemon.url, 'mcp_security_events_total', { type: 'KEY_REVOKED' })).toBe(2)
    expect(await metric(daemon.url, 'mcp_security_events_total', { type: 'KEY_CREATED' })).toBeGreaterThan(2)
  })
})

describe('allowed tools', () => {
  test.each(['json', 'sse'])('hide the others in a list over %s, and leave the rest of it', async (server) => {
    expect(toolsOf(await ask(at(server), { headers: of(reader), body: rpc(1, 'tools/list') }))).toEqual([
      'read_note',
      'caf\u00e9',
    ])
    expect(toolsOf(await ask(at(server), { headers: of(writer), body: rpc(1, 'tools/list') }))).toHaveLength(3)
  })

  test('hide them on each page, and keep the cursor', async () => {
    const page = async (cursor?: string) =>
      (
        await ask(at('paged'), { headers: of(reader), body: rpc(1, 'tools/list', cursor ? { cursor } : {}) })
      ).json() as {
        result: { tools: unknown[]; nextCursor?: string }
      }
    expect((await page('1')).result).toEqual({ tools: [], nextCursor: '2' })
    expect((await page('2')).result.tools).toHaveLength(1)
  })

  test('keep calls of the others back, however they are written', async () => {
    const before = textOf(await ask(at('json'), { headers: of(reader), body: call(1, 'read_note', { id: 1 }) })).seen
      .length
    const bodies = [
      call(1, 'write_note'),
      call(1, 'cafe\u0301'),
      call(1, 'READ_note'),
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read_note","name":"write_note","arguments":{"id":1}}}',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read_note","Name":"write_note","arguments":{"id":1}}}',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read_note","n\\u0061me":"write_note","arguments":{"id":1}}}',
      '{"jsonrpc":"2.0","id":1,"method":"ping","m\\u0065thod":"tools/call","params":{"name":"write_note"}}',
      '{"jsonrpc":"2.0","method":"tools/call","params":{"name":"write_note"}}',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call"}',
      Buffer.from('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read_\xff"}}', 'latin1'),
    ]
    for (const body of bodies) {
      const answer = await ask(at('json'), { headers: of(reader), body })
      expect([answer.status, answer.text], JSON.stringify(body)).not.toEqual([200, expect.stringContaining('result')])
    }
    const mismatch = { ...of(reader), 'Mcp-Name': 'write_note' }
    expect((await ask(at('json'), { headers: mismatch, body: call(1, 'read_note', { id: 1 }) })).status).toBe(400)
    const { seen } = textOf(await ask(at('json'), { headers: of(reader), body: call(1, 'read_note', { id: 1 }) }))
    // The daemon looks at the server by itself meanwhile.
    const looks = ['server/discover', 'initialize', 'notifications/initialized', 'tools/list', 'ping']
    expect(seen.slice(before).filter((asked) => !looks.includes(asked))).toEqual(['read_note'])
  })

  test.each(['json', 'sse'])('of a batch over %s the forbidden call is refused alone', async (server) => {
    const body = [
      call('a', 'write_note'),
      call('b', 'read_note', { id: 2 }),
      { jsonrpc: '2.0', method: 'notifications/x' },
    ]
    const answer = await ask(at(server), { headers: of(reader), body })
    const messages =
      server === 'sse'
        ? [...answer.text.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data!))
        : JSON.parse(answer.text)
    expect(messages).toHaveLength(2)
    expect(messages).toContainEqual({ jsonrpc: '2.0', id: 'b', result: expect.anything() })
    expect(messages).toContainEqual({ jsonrpc: '2.0', id: 'a', error: expect.objectContaining({ code: -32602 }) })
  })

  test('a refusal keeps the id as it was written', async () => {
    const body = '{"jsonrpc":"2.0","id":9007199254740993,"method":"tools/call","params":{"name":"write_note"}}'
    const answer = await ask(at('json'), { headers: of(reader), body })
    expect(answer.status).toBe(200)
    expect(answer.text).toContain('"id":9007199254740993,"error":{"code":-32602')
    expect((await ask(at('json'), { headers: { ...of(reader), accept: 'text/plain' }, body })).status).toBe(403)
  })
})

describe('arguments', () => {
  test('that do not fit the tool are refused with the field, and no value is told', async () => {
    const answer = await ask(at('json'), { headers: of(writer), body: call(7, 'read_note', { id: 'telltale-0815' }) })
    expect(answer.json()).toMatchObject({ id: 7, error: { code: -32602, data: { field: '/id', keyword: 'type' } } })
    const missing = await ask(at('json'), { headers: of(writer), body: call(8, 'read_note') })
    expect(missing.json().error?.message).toContain('/id')
    expect(
      await metric(daemon.url, 'mcp_validation_failures_total', { server: 'json', tool: 'read_note', reason: 'type' }),
    ).toBe(1)
    expect(daemon.stdout()).not.toContain('telltale-0815')
    expect(answer.text).not.toContain('telltale-0815')
  })

  test('against a hostile pattern are judged in no time, and no remote schema is fetched', async () => {
    const began = performance.now()
    const answer = await ask(at('json'), {
      headers: of(writer),
      body: call(1, 'write_note', { text: `${'a'.repeat(5000)}b` }),
    })
    expect(answer.json().error?.message).toContain('pattern')
    expect(performance.now() - began).toBeLessThan(5000)
    expect(
      (await ask(at('json'), { headers: of(writer), body: call(1, 'caf\u00e9', { any: 1 }) })).json().error,
    ).toBeUndefined()
  })

  test('a body beyond its limit is 413 and counted', async () => {
    const body = call(1, 'write_note', { text: 'a'.repeat(21_000) })
    expect((await ask(at('json'), { headers: of(writer), body })).status).toBe(413)
    expect(await metric(daemon.url, 'mcp_http_rate_limit_hits_total', { limit_type: 'request_size' })).toBe(1)
  })
})
