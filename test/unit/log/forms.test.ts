import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { Event, EventType } from '../../../packages/instrument/src/event/index.js'
import { createLogSink, type LogSink } from '../../../packages/server/src/sinks/log/index.js'
import { type LogOptions, logOptions } from '../../../packages/server/src/sinks/log/options.js'
import { promises } from '../../requirements.js'

const AT = Date.UTC(2026, 1, 15, 12, 0, 0, 7)
const directory = mkdtempSync(join(tmpdir(), 'mcp-vitals-forms-'))
afterAll(() => rmSync(directory, { recursive: true }))

interface Opened extends LogSink {
  text(): string
  say(type: EventType, fields?: Readonly<Record<string, unknown>>): Promise<void>
}

function open(options: Partial<LogOptions>): Opened {
  let text = ''
  const stream = {
    on: () => {},
    write(part: string, done: () => void) {
      text += part
      done()
    },
  }
  const sink = createLogSink({ stream, options: logOptions.parse(options), now: () => AT })
  const say = (type: EventType, fields = {}) =>
    sink.write([{ event: { v: 1, type, at: AT, server: 'letta', ...fields } as unknown as Event, entrance: 'local' }])
  return { ...sink, text: () => text, say }
}

async function objectOf(form: LogOptions['form'], type: EventType, fields = {}): Promise<unknown> {
  const log = open({ form, level: 'debug' })
  await log.say(type, fields)
  return JSON.parse(log.text())
}

test('a line tells the time of its own event, whatever line came before', async () => {
  const log = open({ format: 'json' })
  const times = [0, AT, AT + 992, AT + 993, AT + 993.9, AT - 1, AT - 60_000.5, 999.999, -0.5, -1_000, AT]
  for (const at of times) await log.say('webhook', { at, kind: 'sms' })
  const told = log.text().trim().split('\n')
  expect(told.map((line) => JSON.parse(line).timestamp)).toEqual(times.map((at) => new Date(at).toISOString()))
})

test('a line has a name of its own, also where its event has a field that is called so', async () => {
  const fields = { operation: '1', event: 'usage', field: 'tokens', result: 'missing' }
  expect(await objectOf('mcp-vitals', 'derivation', fields)).toEqual({
    ...{ level: 'debug', timestamp: '2026-02-15T12:00:00.007Z', event: 'derivation_missed', server: 'letta' },
    ...{ field: 'tokens', result: 'missing', message: 'No usage derived: tokens is missing' },
  })
})

const CALL = { session: '123', direction: 'client_to_server', method: 'tools/call', name: 'botfather.click-button' }
const ENDED = {
  ...CALL,
  operation: '1',
  outcome: 'ok',
  status: 200,
  durationMs: 1_500,
  requestBytes: 1,
  responseBytes: 2,
}
const FAILED = { ...ENDED, outcome: 'tool_error', status: 500 }

describe('messaging', () => {
  test(
    promises(
      'A5.log.example',
      'A5.log.one-object-a-line',
      'A5.log.field-level',
      'A5.log.field-timestamp',
      'A5.log.field-event',
      'F5.log.messaging',
    ),
    async () => {
      const log = open({ form: 'messaging' })
      await log.say('message', { agent: 'agent-001', channel: 'sms', ok: true })
      expect(log.text()).toBe(
        '{"level":"info","timestamp":"2026-02-15T12:00:00Z","event":"send_message_success","agentId":"agent-001","channel":"sms"}\n',
      )
    },
  )

  test(promises('A5.log.routing-data', 'A5.log.collectors'), async () => {
    const line = (await objectOf('messaging', 'request.ended', { ...ENDED, agent: 'agent-001' })) as object
    expect(Object.keys(line).slice(0, 5)).toEqual(['level', 'timestamp', 'event', 'agentId', 'direction'])
    expect(line).toMatchObject({ agentId: 'agent-001', direction: 'client_to_server', tool: 'botfather.click-button' })
    for (const value of Object.values(line)) expect(typeof value).not.toBe('object')
    expect(await objectOf('messaging', 'message', { agent: 'a', channel: 'voice', ok: false })).toMatchObject({
      level: 'warning',
      event: 'send_message_failure',
    })
  })
})

describe('letta', () => {
  test(
    promises(
      'B2.log.session-started',
      'B2.log.tool-invoked',
      'B2.log.tool-completed',
      'B2.log.session-ended',
      'B2.log.tool-invocations',
      'B2.log.session-events',
      'B2.log.errors',
      'F5.log.letta',
    ),
    async () => {
      const log = open({ form: 'letta', timestamps: false })
      await log.say('session.opened', { session: '123', era: 'legacy' })
      await log.say('request.started', { ...CALL, operation: '1' })
      await log.say('request.ended', ENDED)
      await log.say('request.ended', FAILED)
      await log.say('session.closed', { session: '123', durationMs: 1, reason: 'client' })
      expect(log.text().split('\n')).toEqual([
        'INFO: Session started: session-123',
        'INFO: Tool invoked: botfather.click-button (session-123)',
        'INFO: Tool completed: botfather.click-button (session-123) 1500 ms',
        'ERROR: Tool failed: botfather.click-button (session-123) 1500 ms, tool_error',
        'INFO: Session ended: session-123',
        '',
      ])
    },
  )

  test(promises('F5.log.letta-time', 'B2.log.details', 'B3.log.execution-times'), async () => {
    const log = open({ form: 'letta' })
    await log.say('request.ended', ENDED)
    expect(log.text()).toBe(
      '2026-02-15T12:00:00.007Z INFO: Tool completed: botfather.click-button (session-123) 1500 ms\n',
    )
  })
})

test(promises('F5.log.dust'), async () => {
  const line = (await objectOf('dust', 'request.ended', FAILED)) as object
  expect(Object.keys(line).slice(0, 3)).toEqual(['level', 'timestamp', 'message'])
  expect(line).toMatchObject({ level: 'error', timestamp: '2026-02-15T12:00:00.007Z' })
})

describe('plugins', () => {
  const http = { method: 'POST', path: '/mcp/notes', status: 200, durationMs: 12.5, requestBytes: 1, responseBytes: 2 }

  test(
    promises(
      'E1.log.access',
      'E1.log.category-in-type',
      'E1.log.field-name',
      'E1.log.field-levelname',
      'E1.log.field-message',
      'F5.log.plugins',
    ),
    async () => {
      expect(await objectOf('plugins', 'http', http)).toEqual({
        asctime: expect.any(String),
        name: 'mcp',
        levelname: 'INFO',
        message: 'HTTP: POST /mcp/notes 200 13 ms',
        type: 'access',
        method: 'POST',
        path: '/mcp/notes',
        status: 200,
        duration_ms: 12.5,
      })
    },
  )

  test.each(['UTC', 'America/New_York'])(`${promises('E1.log.field-asctime')} (%s)`, async (zone) => {
    const before = process.env.TZ
    process.env.TZ = zone
    const hour = zone === 'UTC' ? '12' : '07'
    expect(await objectOf('plugins', 'http', http)).toMatchObject({ asctime: `2026-02-15 ${hour}:00:00,007` })
    if (before === undefined) delete process.env.TZ
    else process.env.TZ = before
  })

  test(promises('E1.log.plugin'), async () => {
    const plugin = { plugin: 'botfather', command: 'click', outcome: 'timeout', durationMs: 1_500 }
    expect(await objectOf('plugins', 'plugin', plugin)).toMatchObject({
      levelname: 'ERROR',
      type: 'plugin',
      plugin: 'botfather',
      command: 'click',
      status: 'error',
      duration_ms: 1_500,
    })
  })

  test(promises('E1.log.error', 'F9.text.error', 'F9.text.traceback'), async () => {
    const error = { errorType: 'ValueError', name: 'send', reason: 'bad_input' }
    expect(await objectOf('plugins', 'error', error)).toMatchObject({
      type: 'error',
      error: 'ValueError',
      traceback: '',
      context: { reason: 'bad_input', name: 'send', server: 'letta' },
    })
    const log = open({ form: 'plugins' })
    const ours = Object.assign(new TypeError('the message of ada@example.org'), {
      code: 'EACCES',
      stack:
        'TypeError: the message of ada@example.org\n    at take (file:///opt/mcp-vitals/dist/store/store.js:1:2)\n    at other (/home/ada/app.js:1:2)',
    })
    log.logger.fault('fault', 'It failed', ours)
    await log.logger.flush()
    expect(JSON.parse(log.text())).toMatchObject({
      levelname: 'ERROR',
      message: 'It failed: TypeError EACCES',
      type: 'error',
      error: 'TypeError EACCES',
      traceback: 'at take (store/store.js:1:2)',
    })
    expect(log.text()).not.toMatch(/ada/)
  })

  test(promises('F9.text.raw-by-name'), async () => {
    const log = open({ rawErrors: true, format: 'text' })
    log.logger.fault('fault', 'It failed', new Error('no room in /data'))
    await log.logger.flush()
    expect(log.text()).toContain('It failed: Error: no room in /data')
  })

  test(promises('E1.log.audit', 'F9.text.user'), async () => {
    expect(await objectOf('plugins', 'agent', { agent: 'agent-7', action: 'provisioned' })).toMatchObject({
      type: 'audit',
      action: 'agent_provisioned',
      user: 'agent-7',
      details: { server: 'letta' },
    })
    expect(await objectOf('plugins', 'auth', { action: 'refused', reason: 'bad_token' })).toMatchObject({
      type: 'audit',
      action: 'auth_refused',
      user: 'unknown',
      details: { reason: 'bad_token' },
    })
  })

  test(promises('E1.log.levels', 'E1.log.default-level'), async () => {
    const log = open({ form: 'plugins' })
    for (const word of ['debug', 'info', 'warning', 'error'] as const) log.logger[word]('x', 'y')
    await log.say('security', { kind: 'tampering', severity: 'CRITICAL' })
    const all = open({ form: 'plugins', level: 'debug' })
    all.logger.debug('x', 'y')
    await all.logger.flush()
    expect((all.text() + log.text()).match(/"levelname":"\w+"/g)).toEqual(
      ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'].map((word) => `"levelname":"${word}"`),
    )
    const text = open({ form: 'plugins', format: 'text' })
    text.logger.info('x', 'y')
    await text.logger.flush()
    expect(text.text()).toMatch(/^[-\d]+ [:\d]+,\d{3} - mcp - INFO - y\n$/)
  })

  test(promises('E1.log.console', 'E1.log.file', 'E7.grep.errors', 'E7.grep.slow-plugins'), async () => {
    const file = join(directory, 'mcp.log')
    const log = open({ form: 'plugins', file })
    const plugin = { plugin: 'botfather', command: 'click', outcome: 'ok' }
    await log.say('plugin', { ...plugin, durationMs: 1_500 })
    await log.say('plugin', { ...plugin, durationMs: 900 })
    await log.say('http', http)
    await log.say('request.ended', FAILED)
    await log.say('process.ended', { pid: 7, crashed: true, exitCode: 3, durationMs: 1 })
    await log.close()
    expect(readFileSync(file, 'utf8')).toBe(log.text())
    const shell = (command: string) => execFileSync('sh', ['-c', command], { cwd: directory, encoding: 'utf8' })
    const errors = shell('grep "ERROR" mcp.log | tail -n 100').trim().split('\n')
    expect(errors.map((line) => (JSON.parse(line) as { type: string }).type)).toEqual(['access', 'error'])
    // Every line that the first half gives is an object by which jq can select.
    const objects = shell('grep "plugin" mcp.log').trim().split('\n')
    const slow = objects
      .map((line) => JSON.parse(line) as { duration_ms: number })
      .filter((line) => line.duration_ms > 1000)
    expect(slow).toMatchObject([{ type: 'plugin', duration_ms: 1_500 }])
    if (shell('command -v jq || true') === '') return
    expect(shell(`grep "plugin" mcp.log | jq -c 'select(.duration_ms > 1000)'`).trim().split('\n')).toHaveLength(1)
  })
})
