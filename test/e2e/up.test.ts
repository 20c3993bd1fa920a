import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import { daemonOfTest, metric, type RunningDaemon, startDaemon } from '../fixtures/daemon.js'
import { until } from '../fixtures/until.js'
import { promises } from '../requirements.js'

const running: { stop(): unknown }[] = []
afterEach(async () => {
  for (const thing of running.splice(0).reverse()) await thing.stop()
})

const installed = (file: string) => fileURLToPath(import.meta.resolve(file))
const node = process.execPath
const MEMORY = { command: node, args: [installed('@modelcontextprotocol/server-memory/dist/index.js')] }
const EVERYTHING = {
  command: node,
  args: [installed('@modelcontextprotocol/server-everything/dist/index.js'), 'stdio'],
}
const inline = (program: string) => ({ command: node, args: ['-e', program] })

async function connect(daemon: RunningDaemon, server: string): Promise<Client> {
  const client = new Client({ name: 'test-client', version: '1.0.0' })
  await client.connect(new StreamableHTTPClientTransport(new URL(`${daemon.url}/mcp/${server}`)))
  running.push({ stop: () => client.close() })
  return client
}

const messages = (daemon: RunningDaemon) => daemon.lines().map(({ message }) => String(message))

async function said(daemon: RunningDaemon, text: RegExp): Promise<void> {
  await until(
    () => messages(daemon).some((message) => text.test(message)),
    30_000,
    () => `never said ${text}:\n${messages(daemon).join('\n')}`,
  )
}

describe('mcp-vitals up', () => {
  test('looks at each server, then counts, times and logs what a client calls', async () => {
    const daemon = await daemonOfTest({ config: { mcpServers: { everything: EVERYTHING, memory: MEMORY } } })
    await said(daemon, /Server everything answers: \d+ tools/)
    await said(daemon, /Server memory answers: 9 tools/)
    expect(daemon.stderr()).toContain(`${daemon.url}/mcp/everything`)

    const client = await connect(daemon, 'everything')
    const sum = () => client.callTool({ name: 'get-sum', arguments: { a: 2, b: 3 } })
    await sum()
    await sum()
    await client.callTool({ name: 'get-sum', arguments: { a: 'two' } }).catch(() => {})
    const labels = { server: 'everything', tool: 'get-sum' }
    await until(
      async () => (await metric(daemon.url, 'mcp_tool_calls_total', { ...labels, status: 'success' })) === 2,
      10_000,
      () => messages(daemon).join('\n'),
    )
    const text = await (await fetch(`${daemon.url}/metrics`)).text()
    expect(text).toMatch(/mcp_tool_calls_total\{[^}]*tool="get-sum"[^}]*\} 1\n/)
    expect(await metric(daemon.url, 'mcp_request_duration_seconds_count', { method: 'tools/call' })).toBe(3)
    await said(daemon, /^Tool completed: everything\.get-sum/)

    const health = (await (await fetch(`${daemon.url}/health`)).json()) as Record<string, unknown>
    expect(health).toMatchObject({ status: 'ok', demoMode: false, store: { status: 'ok' }, sessions: 1 })
    expect((await fetch(`${daemon.url}/ready`)).status).toBe(200)
    const page = await (await fetch(`${daemon.url}/`)).text()
    expect(page).toContain('get-sum')
    expect(page).toContain(`${daemon.url}/mcp/memory`)
  })

  test(`no argument and no result is in any answer, log line or file name of ours. ${promises('A5.log.nothing-personal')}`, async () => {
    const daemon = await daemonOfTest({ config: { mcpServers: { everything: EVERYTHING } } })
    const client = await connect(daemon, 'everything')
    await client.callTool({ name: 'echo', arguments: { message: 'hunter2-secret' } })
    await said(daemon, /Tool completed: everything\.echo/)
    for (const path of ['/', '/metrics', '/health', '/health/ready'])
      expect(await (await fetch(`${daemon.url}${path}`)).text()).not.toContain('hunter2')
    expect(JSON.stringify(daemon.lines())).not.toContain('hunter2')
  })

  test('servers that cannot work are told of, each with its reason, and the rest goes on', async () => {
    const mute = createServer(() => {})
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
    running.push({ stop: () => (mute as Server).closeAllConnections() ?? mute.close() })
    const daemon = await daemonOfTest({
      config: {
        servers: {
          memory: MEMORY,
          missing: { command: 'no-such-command-anywhere' },
          dying: inline('process.exit(3)'),
          junk: inline(
            'setInterval(() => console.log("this is no JSON-RPC"), 50); setTimeout(() => process.exit(1), 1500)',
          ),
          silent: inline('setInterval(() => {}, 1000)'),
          refused: { url: 'http://127.0.0.1:1/mcp' },
          mute: { url: `http://127.0.0.1:${(mute.address() as AddressInfo).port}/mcp` },
        },
        gateway: { startTimeoutMs: 3000, probeTimeoutMs: 1000 },
      },
    })
    for (const name of ['missing', 'dying', 'junk', 'silent', 'refused', 'mute'])
      await said(daemon, new RegExp(`Server ${name} does not answer: .+`))
    await said(daemon, /Server memory answers: 9 tools/)
    const look = (name: string) =>
      messages(daemon).find((message) => message.startsWith(`Server ${name} does not answer: `))
    expect(look('missing')).toContain('there is no command no-such-command-anywhere')
    expect(look('dying')).toContain('ended before it answered (exit status 3)')
    expect(look('refused')).toContain('could not be reached at its address: ECONNREFUSED')
    expect(look('mute')).toContain('The server mute gave no answer within 20 s.')
    for (const name of ['missing', 'dying', 'refused', 'mute']) expect(look(name)).toMatch(/Install|Run|Check/)
    for (const name of ['missing', 'refused']) expect(look(name)).not.toMatch(/jsonrpc|negotiation/)
    const client = await connect(daemon, 'memory')
    expect((await client.callTool({ name: 'read_graph', arguments: {} })).isError).toBeFalsy()
    const { servers } = (await (await fetch(`${daemon.url}/health`)).json()) as { servers: Record<string, unknown> }
    expect(servers).toMatchObject({ memory: { status: 'up' }, missing: { status: 'down', reason: 'not_found' } })
    expect((await fetch(`${daemon.url}/health`)).status).toBe(200)
  })

  test(`a port in use and a directory in use are refused with the holder and the next step. ${promises('C13.trouble.port-taken')}`, async () => {
    const daemon = await daemonOfTest()
    const port = new URL(daemon.url).port
    const dataDir = mkdtempSync(join(tmpdir(), 'mcp-vitals-refused-'))
    onTestFinished(() => rmSync(dataDir, { recursive: true }))
    await expect(startDaemon({ dataDir, args: ['--port', port] })).rejects.toThrow(
      new RegExp(
        `Port ${port} on 127.0.0.1 is in use by node \\(process ${daemon.process.pid}\\)[^]*next: [^]*PORT_IN_USE`,
      ),
    )
    // What did not start has made neither keys nor logs.
    expect(readdirSync(dataDir, { recursive: true }).filter((name) => !/lock/.test(String(name)))).toEqual(['spool'])
    await expect(startDaemon({ dataDir: daemon.dataDir })).rejects.toThrow(
      new RegExp(`${daemon.dataDir} is in use[^]*${daemon.process.pid}[^]*DATA_DIR_LOCKED`),
    )
  })

  test('SIGTERM lets a call in flight finish, keeps what was seen, and leaves no process', async () => {
    const daemon = await daemonOfTest({ config: { mcpServers: { everything: EVERYTHING } } })
    const client = await connect(daemon, 'everything')
    const slow = client.callTool({ name: 'trigger-long-running-operation', arguments: { duration: 2, steps: 2 } })
    await said(daemon, /Tool invoked: everything\.trigger-long-running-operation/)
    const end = daemon.stop()
    expect((await slow).isError).toBeFalsy()
    expect(await end).toEqual({ code: 0, signal: null })
    expect(messages(daemon).some((m) => m.startsWith('Tool completed: everything.trigger-long'))).toBe(true)
    const pids = daemon.lines().flatMap(({ event, pid }) => (event === 'process_started' ? [Number(pid)] : []))
    expect(pids.length).toBeGreaterThan(0)
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  })
})
