/** Programs that stand beside a daemon: nginx before it, by the block of the documentation, and node-exporter, which reads the same machine. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { CLI, daemonOfTest, metric } from '../fixtures/daemon.js'
import { freePort } from '../fixtures/databases.js'
import { until } from '../fixtures/until.js'
import { textOf } from '../repo/files.js'

const PAGE = textOf('docs/operations.md').split('## Behind a reverse proxy')[1] ?? ''
const blockOf = (language: string) => new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'm').exec(PAGE)?.[1] ?? ''
const NAME = 'mcp.example.org'

function folderOfTest(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-vitals-neighbour-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Starts a program for the test that runs, and waits until it answers. */
async function started(program: string, args: readonly string[], answers: () => Promise<boolean>): Promise<void> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  onTestFinished(async () => {
    if (child.exitCode === null && child.kill()) await once(child, 'close')
  })
  await until(
    () => answers().catch(() => false),
    30_000,
    () => `${program} did not start:\n${said}`,
  )
}

/** nginx with the block of the page, its ports, certificate and temporary files in places of the test's own. */
async function nginxBefore(daemon: string): Promise<number> {
  const folder = folderOfTest()
  const certificate = ['-keyout', `${folder}/key`, '-out', `${folder}/crt`, '-subj', `/CN=${NAME}`, '-days', '2']
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...certificate], { stdio: 'pipe' })
  const port = await freePort()
  const block = blockOf('nginx')
    .replace('listen 443 ssl', `listen 127.0.0.1:${port} ssl`)
    .replace(`/etc/ssl/${NAME}.crt`, `${folder}/crt`)
    .replace(`/etc/ssl/${NAME}.key`, `${folder}/key`)
    .replace('http://127.0.0.1:9464', daemon)
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((one) => `${one}_temp_path ${folder}/${one};`)
  const text = `
    daemon off; worker_processes 1; pid ${folder}/pid; error_log stderr;
    ${process.getuid?.() === 0 ? 'user root;' : ''}
    events {}
    http { access_log off; ${places.join(' ')} ${block} }`
  writeFileSync(join(folder, 'nginx.conf'), text)
  const { status, stderr } = spawnSync('nginx', ['-t', '-c', join(folder, 'nginx.conf')], { encoding: 'utf8' })
  expect(status, stderr).toBe(0)
  await started('nginx', ['-c', join(folder, 'nginx.conf')], async () => (await asked(port, '/')).statusCode === 404)
  return port
}

/** Asks nginx; resolves when the head of the answer is there. */
function asked(
  port: number,
  path: string,
  { body, headers = {} }: { readonly body?: object; readonly headers?: Record<string, string> } = {},
): Promise<IncomingMessage> {
  const options = { host: '127.0.0.1', port, path, servername: NAME, rejectUnauthorized: false, agent: false }
  const kinds = { host: NAME, accept: 'application/json, text/event-stream', 'content-type': 'application/json' }
  return new Promise((resolve, reject) => {
    const asking = request({ ...options, method: body ? 'POST' : 'GET', headers: { ...kinds, ...headers } }, resolve)
    asking.on('error', reject)
    asking.end(body && JSON.stringify(body))
    onTestFinished(() => void asking.destroy())
  })
}

const EVENT = { jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: 1, progress: 1 } }
const RESULT = { jsonrpc: '2.0', id: 7, result: { content: [] } }

/** A server that sends one event of an answer at once and the rest when it is told to; `GET` opens a stream of that kind too. */
async function haltingServer() {
  const waiting: ServerResponse[] = []
  const server = createServer((incoming, response) => {
    incoming.resume().on('end', () => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(`event: message\ndata: ${JSON.stringify(EVENT)}\n\n`)
      waiting.push(response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    goOn() {
      for (const response of waiting.splice(0)) response.end(`event: message\ndata: ${JSON.stringify(RESULT)}\n\n`)
    },
  }
}

test('nginx with the block of the documentation passes streams as they happen, for those with a key, and nothing else', async () => {
  const server = await haltingServer()
  const config = { ...parse(blockOf('yaml')), servers: { notes: { url: server.url } } }
  const daemon = await daemonOfTest({ config })
  const env = { ...process.env, MCP_VITALS_DATA: daemon.dataDir }
  const create = [CLI, 'keys', 'create', '--agent', 'reporter']
  const key = execFileSync(process.execPath, create, { encoding: 'utf8', env, stdio: 'pipe' })
  const headers = { 'x-mcp-vitals-key': /mcpv_\S+/.exec(key)?.[0] ?? '' }
  const port = await nginxBefore(daemon.url)

  for (const path of ['/metrics', '/admin/api/dashboard', '/v1/events', '/status'])
    expect((await asked(port, path, { headers })).statusCode, path).toBe(404)
  const call = { jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name: 'search', _meta: { progressToken: 1 } } }
  expect((await asked(port, '/mcp/notes', { body: call })).statusCode).toBe(401)
  expect(
    (await asked(port, '/mcp/notes', { body: call, headers: { ...headers, host: 'other.example.org' } })).statusCode,
  ).toBe(403)

  for (const body of [call, undefined]) {
    const answer = await asked(port, '/mcp/notes', { headers, ...(body && { body }) })
    expect(answer).toMatchObject({ statusCode: 200, headers: { 'content-type': 'text/event-stream' } })
    let text = ''
    answer.setEncoding('utf8').on('data', (part: string) => {
      text += part
    })
    // Before the server has said more: nobody on the way waits for the end.
    await until(
      () => text.includes('notifications/progress'),
      20_000,
      () => `nothing came of the first event: ${text}`,
    )
    expect(text).not.toContain('"result"')
    const ended = once(answer, 'end')
    server.goOn()
    await ended
    expect(text).toContain('"result"')
  }
  await until(
    async () => (await metric(daemon.url, 'mcp_tool_calls_total', { server: 'notes', status: 'success' })) === 1,
    10_000,
    () => 'the call was not counted',
  )
})

test('the machine’s memory is what node-exporter says that it is', async () => {
  const daemon = await daemonOfTest()
  const port = await freePort()
  const page = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const args = [`--web.listen-address=127.0.0.1:${port}`, '--collector.disable-defaults', '--collector.meminfo']
  await started('prometheus-node-exporter', args, async () => (await page()).includes('node_memory_MemTotal_bytes'))
  const theirs = await page()
  const read = (name: string) => Number(new RegExp(`^node_memory_${name}_bytes (\\S+)$`, 'm').exec(theirs)?.[1])
  const ours = await metric(daemon.url, 'mcp_host_memory_usage_bytes', { state: 'used' })
  // What runs beside takes and gives back meanwhile.
  expect(Math.abs(ours! - (read('MemTotal') - read('MemAvailable')))).toBeLessThan(read('MemTotal') / 10)
})
