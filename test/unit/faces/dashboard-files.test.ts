/** The built page and its files: what lies beside them, or is asked for in an odd way, is not to be had. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { createHttpServer, type Handlers, listen } from '../../../packages/server/src/app/http.js'
import { createFilesFace } from '../../../packages/server/src/faces/dashboard/files.js'
import { ask } from '../../fixtures/door-clients.js'
import { sendRaw } from '../../fixtures/raw-request.js'

const home = mkdtempSync(join(tmpdir(), 'mcp-vitals-test-'))
const folder = join(home, 'web')
mkdirSync(join(folder, 'assets', 'deeper'), { recursive: true })
const SCRIPT = `console.log(1)\n`.repeat(100)
writeFileSync(join(folder, 'index.html'), '<!doctype html><title>the page</title>')
writeFileSync(join(folder, 'assets', 'index-AbC123.js'), SCRIPT)
writeFileSync(join(folder, 'assets', 'deeper', 'x.js'), 'in a folder')
writeFileSync(join(folder, 'beside.txt'), 'beside')
writeFileSync(join(home, 'secret'), 'secret')
symlinkSync(join(home, 'secret'), join(folder, 'assets', 'link.js'))

const { page, asset } = createFilesFace(folder)
const handlers: Partial<Handlers> = { dashboardAsset: asset, dashboard: page, dashboardView: page }
const server = createHttpServer({ handlers })
const port = await listen(server, '127.0.0.1', 0)
const base = `http://127.0.0.1:${port}`
afterAll(() => {
  server.close()
  rmSync(home, { recursive: true, force: true })
})
const get = (path: string, headers = {}) => ask(`${base}${path}`, { method: 'GET', headers })

test('every view is the page, whose policy lets its own scripts run alone', async () => {
  for (const path of [
    '/admin/dashboard',
    '/admin/dashboard/',
    '/admin/dashboard/tools/a%2Fb/c?from=1',
    '/admin/dashboard/%3Cscript%3E',
  ]) {
    const answer = await get(path)
    expect(answer, path).toMatchObject({ status: 200, text: expect.stringContaining('the page') })
    expect(answer.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
      'x-frame-options': 'DENY',
    })
    expect(String(answer.headers['content-security-policy'])).toMatch(
      /default-src 'none'; script-src 'self';.*frame-ancestors 'none'/,
    )
    expect(String(answer.headers['content-security-policy'])).not.toContain('unsafe')
  }
})

test('files are kept for ever by their names, known by a tag, and sent packed to who can read that', async () => {
  const path = '/admin/dashboard/assets/index-AbC123.js'
  const plain = await get(path)
  expect(plain).toMatchObject({ status: 200, text: SCRIPT })
  expect(plain.headers).toMatchObject({
    ...{ 'content-type': 'text/javascript; charset=utf-8', 'cache-control': 'public, max-age=31536000, immutable' },
    ...{ vary: 'accept-encoding', 'content-length': String(SCRIPT.length) },
  })
  const etag = String(plain.headers.etag)
  expect(await get(path, { 'if-none-match': `"other", ${etag}` })).toMatchObject({ status: 304, text: '' })
  const packed = await fetch(`${base}${path}`, { headers: { 'accept-encoding': 'gzip' } })
  expect(packed.headers.get('content-encoding')).toBe('gzip')
  expect(await packed.text()).toBe(SCRIPT)
  const head = await ask(`${base}${path}`, { method: 'HEAD' })
  expect(head).toMatchObject({ status: 200, text: '', headers: { 'content-length': String(SCRIPT.length) } })
  // A part is not given: all of it is.
  expect(await get(path, { range: 'bytes=0-3' })).toMatchObject({ status: 200, text: SCRIPT })
})

test('nothing but the files of the folder is to be had, however it is asked for', async () => {
  const names = [
    ...[
      '../beside.txt',
      '..%2fbeside.txt',
      '%2e%2e/beside.txt',
      '%2e%2e%2f%2e%2e%2fsecret',
      '....//secret',
      '..\\secret',
      '..%5csecret',
    ],
    ...[
      '%252e%252e%252fsecret',
      '/etc/passwd',
      '%00',
      'index-AbC123.js%00.html',
      'deeper/x.js',
      'deeper',
      'link.js',
      '',
      '.',
      '__proto__',
    ],
    ...['constructor', 'index-abc123.js', `${'a'.repeat(5000)}`, '%ff', '%'],
  ]
  for (const name of names) {
    const { status, text } = await sendRaw(port, 'GET', `/admin/dashboard/assets/${name}`)
    expect(text, name).not.toMatch(/beside|secret|in a folder|root:/)
    // What leads out of the files is a view, which is the page, or nothing.
    expect([200, 400, 404], `${name}: ${status}`).toContain(status)
    if (status === 200) expect(text).toContain('the page')
  }
})

test('what is no reading is not allowed', async () => {
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND'])
    for (const path of ['/admin/dashboard', '/admin/dashboard/x', '/admin/dashboard/assets/index-AbC123.js'])
      expect((await sendRaw(port, method, path)).status, `${method} ${path}`).toBe(405)
})

test('a page that is not built says how it is', async () => {
  const missing = createFilesFace(join(home, 'nowhere'))
  const answer = await missing.page(new Request(`${base}/admin/dashboard`))
  expect(answer.status).toBe(503)
  expect(await answer.json()).toEqual({ error: expect.stringContaining('node scripts/web.mjs') })
})
