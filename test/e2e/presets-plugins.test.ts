/** The systems that are made of plugins, as their operators know them. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { daemonOfTest } from '../fixtures/daemon.js'
import { until } from '../fixtures/until.js'
import { promises } from '../requirements.js'
import { callsEcho, EVERYTHING, logs, post, scraped, shell, shows, upAs } from './presets-harness.js'

describe('preset letta', () => {
  test(promises('F1.preset.health', 'F1.preset.log', 'F8.port.others'), async () => {
    const daemon = await upAs('letta')
    await callsEcho(daemon)
    const health = () => shell('curl -s http://localhost:8000/health')
    await until(() => health() === '{"status":"ok","sessions":1}', 10_000, health)
    await logs(daemon, /^\S+Z INFO: Session started: session-\S+$/m)
    await logs(daemon, /^\S+Z INFO: Tool invoked: echo \(session-\S+\)$/m)
    await logs(daemon, /^\S+Z INFO: Tool completed: echo \(session-\S+\)/m)
  })

  test(
    promises(
      'B3.log.plugins-found',
      'B3.log.folder-not-taken',
      'B3.log.execution-times',
      'B5.sse.endpoint',
      'B5.cors',
      'B5.port',
      'B5.curl.health',
      'B5.curl.sse',
      'B5.curl.message',
    ),
    async () => {
      const daemon = await daemonOfTest({ command: 'plugins', args: ['--dir', pluginsOfTest()], ...AS_GUIDED })
      await logs(daemon, /^\S+Z INFO: Plugin found: botfather, 4 commands: send-message, click-button, work, fail$/m)
      await logs(daemon, /^\S+Z WARNING: Folder empty was not taken: it has none of cli\.py, .* and no plugin\.json$/m)
      expect(shell('curl http://localhost:8000/health 2>/dev/null')).toBe('{"status":"ok","sessions":0}')
      const sse = 'curl -H "Accept: text/event-stream" http://localhost:8000/sse'
      expect(shell(`timeout 1 stdbuf -o0 ${sse} 2>/dev/null || true`)).toMatch(
        /^event: endpoint\ndata: \/message\?sessionId=\S+\n\n/,
      )
      const call = `curl -X POST http://localhost:8000/message -H "Content-Type: application/json" -d '{"jsonrpc":"2.0","id":"test","method":"tools/call","params":{"name":"botfather.send-message","arguments":{"message":"/help"}}}'`
      expect(JSON.parse(shell(`${call} 2>/dev/null`))).toMatchObject({
        id: 'test',
        result: { structuredContent: { command: 'send-message', message: '/help' } },
      })
      await logs(daemon, /^\S+Z INFO: Tool completed: botfather\.send-message [\d.]+ ms$/m)
      await logs(daemon, /^\S+Z INFO: Plugin: botfather send-message ok [\d.]+ ms$/m)
      // One that takes too long.
      const late = JSON.parse(shell(`${call.replace('botfather.send-message', 'hostile.hang')} 2>/dev/null`))
      const words = 'hostile.hang was ended, as it took longer than 0.3 s.'
      expect(late).toMatchObject({ result: { isError: true, content: [{ text: words }] } })
      await logs(daemon, /^\S+Z ERROR: Tool failed: hostile\.hang [\d.]+ ms, tool_error$/m)
      await logs(daemon, /^\S+Z ERROR: Plugin: hostile hang timeout [\d.]+ ms$/m)
      expect(scraped(daemon.url)).toMatch(
        /^mcp_plugin_executions_total\{.*plugin="hostile",command="hang",status="error"\} 1$/m,
      )
      await asksLikeAPage('http://localhost:8000')
    },
  )
})

/** A log in its preset's own form, at its own port. */
const AS_GUIDED = { env: { LOG_FORMAT: '' }, ownPort: true }

/** A directory with one plugin, and a folder that is none. */
function pluginsOfTest(): string {
  const dir = mkdtempSync(join(tmpdir(), 'mcp-vitals-plugins-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  mkdirSync(join(dir, 'empty'))
  for (const name of ['botfather', 'hostile', 'shell'])
    cpSync(fileURLToPath(new URL(`../fixtures/plugins/${name}`, import.meta.url)), join(dir, name), { recursive: true })
  return dir
}

/** As browsers ask for a page: first whether it may, then itself. */
async function asksLikeAPage(url: string): Promise<void> {
  const ask = (origin: string) =>
    fetch(`${url}/message`, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
      },
    })
  const may = await ask('http://localhost:5173')
  expect(may.status).toBe(204)
  expect(Object.fromEntries(may.headers)).toMatchObject({
    'access-control-allow-origin': 'http://localhost:5173',
    'access-control-allow-methods': expect.stringContaining('POST'),
    'access-control-allow-headers': 'content-type',
  })
  expect((await ask('https://elsewhere.example.org')).status).toBe(403)
  const stop = new AbortController()
  const headers = { accept: 'text/event-stream', origin: 'http://localhost:5173' }
  const stream = await fetch(`${url}/sse`, { headers, signal: stop.signal })
  expect(stream.headers.get('access-control-allow-origin')).toBe('http://localhost:5173')
  stop.abort()
}

describe('preset plugins', () => {
  test(
    promises(
      'F2.view.plugins-requests',
      'E2.metric.requests',
      'E2.metric.request-duration',
      'E2.metric.plugin-executions',
      'E2.metric.plugin-execution-duration',
      'E2.metric.queue-size',
      'E2.metric.queue-wait',
      'E3.health.port',
      'E7.curl.requests',
      'E7.curl.health',
      'E7.curl.queue-size',
      'E7.grep.errors',
      'E7.grep.slow-plugins',
    ),
    async () => {
      const hosted = { plugins: { plugins: pluginsOfTest() } }
      const daemon = await upAs('plugins', { servers: { everything: EVERYTHING, ...hosted } })
      await callsEcho(daemon)
      const call = { name: 'shell.say', arguments: { text: 'hi' } }
      const said = await fetch(`${daemon.url}/message`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: call }),
      })
      expect(await said.json()).toMatchObject({ result: { content: [{ text: 'hi' }] } })
      await post(daemon, [
        { type: 'queue', plugin: 'git', action: 'entered', size: 1 },
        { type: 'queue', plugin: 'git', action: 'started', size: 0, waitMs: 12 },
        { type: 'plugin', plugin: 'git', command: 'status', outcome: 'ok', durationMs: 20 },
        { type: 'plugin', plugin: 'git', command: 'clone', outcome: 'ok', durationMs: 1500 },
        { type: 'error', errorType: 'IOError', name: 'git', reason: 'disk' },
      ])
      await shows(daemon.url, [
        'mcp_requests_total{method="initialize",endpoint="everything",status="200"} 2',
        'mcp_plugin_executions_total{plugin="git",command="status",status="success"} 1',
        'mcp_plugin_execution_duration_seconds_count{plugin="git",command="clone"} 1',
        'mcp_plugin_executions_total{plugin="shell",command="say",status="success"} 1',
        'mcp_queue_size{plugin="botfather"} 0',
        'mcp_queue_size{plugin="git"} 0',
        'mcp_queue_wait_seconds_bucket{plugin="git",le="+Inf"} 1',
        'mcp_queue_wait_seconds_count{plugin="git"} 1',
      ])
      expect(shell('curl -s localhost:5000/metrics | grep mcp_requests_total')).toContain(
        'mcp_requests_total{method="tools/call"',
      )
      expect(scraped(daemon.url)).toMatch(
        /^mcp_request_duration_seconds_bucket\{method="tools\/call",endpoint="everything",le="1"\} \d+$/m,
      )
      expect(shell('curl -s localhost:5000/metrics | grep mcp_queue_size')).toContain('mcp_queue_size{plugin="git"} 0')
      expect(JSON.parse(shell('curl -s localhost:5000/health | jq'))).toMatchObject({
        status: 'healthy',
        queue_size: 0,
        plugins: {
          git: {},
          shell: { status: 'healthy', available: true, executions: 1, error_rate: 0 },
          botfather: { status: 'healthy', available: true, executions: 0, last_execution: null },
        },
        queues: { botfather: { size: 0, processing_rate: 0, wait_seconds: null } },
      })
      const log = () => readFileSync(join(daemon.home, 'mcp.log'), 'utf8')
      await until(() => /clone/.test(log()) && /ERROR/.test(log()), 10_000, log)
      const there = (command: string) => shell(`cd '${daemon.home}' && ${command}`)
      const errors = there('grep "ERROR" mcp.log | tail -n 100').trimEnd().split('\n')
      expect(errors.map((line) => JSON.parse(line) as object)).toContainEqual(
        expect.objectContaining({ levelname: 'ERROR', type: 'error' }),
      )
      const slow = there(`grep "plugin" mcp.log | jq 'select(.duration_ms > 1000)'`).split(/\n(?=\{)/)
      const line = slow
        .map((text) => JSON.parse(text) as { command?: string })
        .find(({ command }) => command === 'clone')
      expect(line).toMatchObject({
        levelname: 'INFO',
        name: 'mcp',
        type: 'plugin',
        plugin: 'git',
        command: 'clone',
        duration_ms: 1500,
      })
    },
  )
})
