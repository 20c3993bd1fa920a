/** What checks may expect of an answer, beyond that there is one. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkFor } from '../../conformance/check.js'

const run = (entry: Readonly<Record<string, unknown>>) => checkFor(entry).run(AbortSignal.timeout(30_000))

describe('http', () => {
  const server = createServer((request, response) => {
    if (request.url === '/huge') return void response.end(`${'x'.repeat(1 << 20)}late`)
    response.end(
      request.url === '/text' ? 'all is well' : '{"status":"ok","checks":[{"up":true}],"left":0,"none":null}',
    )
  })
  let url = ''
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => new Promise((resolve) => server.close(resolve)))

  test.each(['http', 'sse'])('is no MCP server over %s, and that is said', async (transport) => {
    const seen = await run({ type: 'mcp', url: `${url}/text`, transport })
    expect(seen).toMatchObject({ ok: false, reason: 'invalid_answer', code: 'CONTENT_TYPE' })
  })

  test.each([
    ['/text', { expectBody: 'is well' }, undefined],
    ['/text', { expectBody: 'is ill' }, 'unexpected_body'],
    ['/huge', { expectBody: 'late' }, 'unexpected_body'],
    ['/json', { expectJson: { status: 'ok', 'checks.0.up': true, left: 0, none: null } }, undefined],
    ['/json', { expectJson: { status: 'down' } }, 'unexpected_body'],
    ['/json', { expectJson: { left: '0' } }, 'unexpected_body'],
    ['/json', { expectJson: { 'constructor.name': 'Object' } }, 'unexpected_body'],
    ['/text', { expectJson: { status: 'ok' } }, 'invalid_answer'],
  ])('%s with %j: %s', async (path, more, reason) => {
    const { ok, reason: seen } = await run({ type: 'http', url: `${url}${path}`, ...more })
    expect([ok, seen]).toEqual([reason === undefined, reason])
  })

  test.each([
    [2, 14, 'certificate_ends', '1'],
    [60, 14, undefined, undefined],
  ])('a certificate for %d days where %d are wanted: %s', async (days, minTlsDays, reason, code) => {
    const home = mkdtempSync(join(tmpdir(), 'mcp-vitals-tls-'))
    const [key, cert] = [join(home, 'key.pem'), join(home, 'cert.pem')]
    const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
    const named = ['-days', String(days), '-subj', '/CN=localhost', '-keyout', key, '-out', cert]
    execFileSync('openssl', [...made, ...named], { stdio: 'ignore' })
    const secure = createSecureServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, response) =>
      response.end(),
    )
    rmSync(home, { recursive: true })
    await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve))
    const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
    const { port } = secure.address() as AddressInfo
    const seen = await run({ type: 'http', url: `https://127.0.0.1:${port}`, minTlsDays })
    if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
    else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before
    await new Promise((resolve) => secure.close(resolve))
    expect([seen.ok, seen.reason, seen.code]).toEqual([true, reason, code])
  })
})

describe('mcp', () => {
  const file = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js'))
  // A server that starts may be slow where much is going on.
  const server = { type: 'mcp', command: process.execPath, args: [file, 'stdio'], timeoutMs: 20_000 }

  test('the tools are listed, each with what it is by, which stays the same', async () => {
    const [first, second] = [await run({ ...server, listTools: true }), await run({ ...server, listTools: true })]
    expect(first).toMatchObject({ ok: true, tools: expect.any(Array) })
    expect(first.tools?.map(({ name }) => name)).toContain('echo')
    expect(first.tools?.every(({ definition }) => /^[0-9a-f]{32}$/.test(definition))).toBe(true)
    expect(second.tools).toEqual(first.tools)
  })

  test('a tool that is not there fails, and what is there is told all the same', async () => {
    const seen = await run({ ...server, expectTools: ['echo', 'gone', 'lost'] })
    expect(seen).toMatchObject({ ok: false, reason: 'tools_missing', code: 'gone, lost' })
    expect(seen.tools?.map(({ name }) => name)).toContain('echo')
    const many = await run({ ...server, expectTools: ['a', 'b', 'c', 'd', 'e', 'f', 'g'] })
    expect(many.code).toBe('a, b, c, d, e, and 2 more')
  })

  test.each([
    [[{ tool: 'echo', arguments: { message: 'ping' }, expectText: 'ping' }], true, undefined, undefined],
    [
      [{ tool: 'echo', arguments: { message: 'ping' }, expectText: 'pong' }],
      false,
      'tool_call',
      'echo: UNEXPECTED_TEXT',
    ],
    [[{ tool: 'echo', arguments: {} }], false, 'tool_call', 'echo: IS_ERROR'],
  ])('calls %j: %s %s', async (calls, ok, reason, code) => {
    const seen = await run({ ...server, calls })
    expect([seen.ok, seen.reason, seen.code]).toEqual([ok, reason, code])
  })
})
