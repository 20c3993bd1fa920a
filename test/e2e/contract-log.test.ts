/** What the contract promises of log lines, by a daemon that logs JSON and one that logs text, before a real server. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CLI, type RunningDaemon, startDaemon } from '../fixtures/daemon.js'
import { until } from '../fixtures/until.js'
import { promises } from '../requirements.js'
import { connect, REAL } from './gateway-harness.js'

const config = { servers: { everything: { command: process.execPath, args: [REAL.everything, 'stdio'] } } }

/** One session: a call that works, a call that fails, a request that fails, and the end. */
async function converse(url: string): Promise<void> {
  const { client, transport, call } = await connect(new URL(`${url}/mcp/everything`))
  await call('echo', { message: 'hunter2-secret' })
  await client.callTool({ name: 'get-sum', arguments: { a: 'hunter2-secret' } })
  await client.getPrompt({ name: 'no-such-prompt' }).catch(() => {})
  await transport.terminateSession()
  await client.close()
}

describe('JSON', () => {
  let daemon: RunningDaemon
  let session: unknown
  const line = (event: string, more: object = {}) =>
    expect(daemon.lines()).toContainEqual(expect.objectContaining({ event, session, ...more }))

  beforeAll(async () => {
    daemon = await startDaemon({ config, env: { LOG_LEVEL: 'debug' } })
    await converse(daemon.url)
    const own = () =>
      daemon.lines().find((each) => each.event === 'session_started' && each.clientName === 'test-client')
    const over = () => daemon.lines().some((each) => each.event === 'session_ended' && each.session === session)
    await until(
      () => {
        session = own()?.session
        return session !== undefined && over()
      },
      20_000,
      () => JSON.stringify(daemon.lines()),
    )
  })
  afterAll(() => daemon.stop())

  test(
    promises(
      'A5.log.one-object-a-line',
      'A5.log.field-level',
      'A5.log.field-timestamp',
      'A5.log.field-event',
      'A5.log.collectors',
      'E1.log.console',
      'E1.log.field-message',
      'F5.log.messaging',
      'F5.log.dust',
    ),
    () => {
      // The fixture reads each line of stdout as JSON, and fails where one is not.
      expect(daemon.lines().length).toBeGreaterThan(10)
      for (const each of daemon.lines()) {
        expect(each.level).toMatch(/^(debug|info|warning|error)$/)
        expect(each.timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
        expect(each.event).toMatch(/^[a-z_]+$/)
        expect(each.message).toMatch(/^\S/)
        for (const value of Object.values(each)) expect(value).not.toBeTypeOf('object')
      }
    },
  )

  test(promises('B2.log.tool-invocations', 'B3.log.execution-times', 'B2.log.details'), () => {
    const call = { server: 'everything', method: 'tools/call', name: 'echo', timestamp: expect.any(String) }
    line('tool_call_started', call)
    line('tool_call_completed', {
      ...call,
      outcome: 'ok',
      durationMs: expect.any(Number),
      requestBytes: expect.any(Number),
      message: expect.stringMatching(/^Tool completed: everything\.echo \(\S+\) [\d.]+ ms$/),
    })
  })

  test(promises('B2.log.errors'), () => {
    line('tool_call_failed', { level: 'warning', name: 'get-sum', outcome: 'tool_error', errorCode: '-32602' })
    line('request_failed', { level: 'warning', name: 'no-such-prompt', outcome: 'protocol_error', errorCode: '-32602' })
  })

  test(promises('B2.log.session-events'), () => {
    line('session_started', { level: 'info' })
    line('session_ended', { level: 'info', reason: 'client' })
  })

  test(promises('A5.log.nothing-personal'), () => {
    expect(JSON.stringify(daemon.lines())).not.toContain('hunter2')
  })

  test(promises('D8.env.log-level'), () => {
    line('request_completed', { level: 'debug', method: 'initialize' })
  })
})

describe('text', () => {
  const home = mkdtempSync(join(tmpdir(), 'mcp-vitals-text-'))
  const file = join(home, 'config.json')
  writeFileSync(file, JSON.stringify(config))
  const daemon = spawn(process.execPath, [CLI, 'up', '--port', '0', '--config', file], {
    env: { ...process.env, MCP_VITALS_DATA: join(home, 'state'), LOG_FORMAT: 'text', LOG_LEVEL: 'info' },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const ended = new Promise((resolve) => daemon.on('close', resolve))
  let out = ''
  const lines = () => out.split('\n').slice(0, -1)
  const shows = (pattern: RegExp) =>
    until(
      () => lines().some((line) => pattern.test(line)),
      20_000,
      () => `no ${pattern}:\n${out}`,
    )

  beforeAll(async () => {
    daemon.stdout.setEncoding('utf8').on('data', (chunk) => {
      out += chunk
    })
    await shows(/ listens at /)
    await shows(/Server everything answers/)
    await converse(/http:\S+/.exec(out)![0])
    // Once of the daemon's own first look, once of the client.
    await until(
      () => out.split('Session ended').length === 3,
      20_000,
      () => out,
    )
  })
  afterAll(async () => {
    daemon.kill()
    await ended
    rmSync(home, { recursive: true, force: true })
  })

  test(promises('D8.env.log-format', 'F5.log.letta', 'F5.log.letta-time', 'E1.log.default-level'), () => {
    for (const line of lines()) expect(line).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (INFO|WARNING|ERROR): \S/)
  })

  test(
    promises('B2.log.session-started', 'B2.log.tool-invoked', 'B2.log.tool-completed', 'B2.log.session-ended'),
    () => {
      const session = /INFO: Tool invoked: everything\.echo \((\S+)\)$/m.exec(out)?.[1]
      const texts = lines().map((line) => line.replace(/^\S+ /, ''))
      expect(texts).toContain(`INFO: Session started: ${session}`)
      expect(texts).toContainEqual(
        expect.stringMatching(new RegExp(`^INFO: Tool completed: everything\\.echo \\(${session}\\) [\\d.]+ ms$`)),
      )
      expect(texts).toContain(`INFO: Session ended: ${session}`)
    },
  )
})
