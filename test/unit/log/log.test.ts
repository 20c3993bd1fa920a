import { describe, expect, test } from 'vitest'
import {
  ENVELOPE,
  EVENTS,
  type Event,
  type EventType,
  type Field,
} from '../../../packages/instrument/src/event/index.js'
import {
  createLogSink,
  type LogSetup,
  type LogSink,
  type LogStream,
} from '../../../packages/server/src/sinks/log/index.js'
import { logOptions } from '../../../packages/server/src/sinks/log/options.js'
import { promises } from '../../requirements.js'

const AT = Date.UTC(2026, 1, 15, 12)
type Options = LogSetup['options']

interface Opened extends LogSink {
  text(): string
  say(type: EventType, fields: Readonly<Record<string, unknown>>): Promise<void>
}

function open(options: Partial<Options> = {}, stream: Partial<LogStream> = {}): Opened {
  let text = ''
  const write: LogStream['write'] = (part, done) => {
    text += part
    done()
  }
  const setup: LogSetup = {
    stream: { write, on: () => {}, ...stream },
    options: logOptions.parse({ level: 'debug', format: 'json', ...options }),
    now: () => AT,
  }
  const sink = createLogSink(setup)
  return {
    ...sink,
    text: () => text,
    say: (type, fields) =>
      sink.write([{ event: { v: 1, type, at: AT, ...fields } as unknown as Event, entrance: 'local' }]),
  }
}

const CALL = {
  server: 'notes',
  session: 's-1',
  direction: 'client_to_server',
  method: 'tools/call',
  name: 'add',
  operation: '1',
}
const ENDED = { ...CALL, outcome: 'ok', status: 200, durationMs: 12.34567, requestBytes: 1, responseBytes: 2 }

/** An event of the type with every field filled in, `fill` for each text. */
function full(type: EventType, fill: string): Readonly<Record<string, unknown>> {
  const declared = Object.entries({ ...ENVELOPE, ...EVENTS[type].fields } as Record<string, Field<unknown>>)
  const values = { text: fill, number: 1.5, flag: true, texts: [fill] }
  return Object.fromEntries(
    declared.map(([name, { kind, choices }]) => [
      name,
      kind === 'choice' ? choices?.[0] : name === 'at' ? AT : values[kind],
    ]),
  )
}

describe('text', () => {
  test.each([
    ['session.opened', { server: 'notes', session: 's-1', era: 'legacy' }, 'INFO: Session started: s-1'],
    ['request.started', CALL, 'INFO: Tool invoked: notes.add (s-1)'],
    ['request.ended', ENDED, 'INFO: Tool completed: notes.add (s-1) 12 ms'],
    [
      'request.ended',
      { ...ENDED, outcome: 'tool_error', status: 500, durationMs: 0.5 },
      'ERROR: Tool failed: notes.add (s-1) 0.50 ms, tool_error',
    ],
    [
      'request.ended',
      { ...ENDED, outcome: 'protocol_error', status: 400, errorCode: '-32602' },
      'WARNING: Tool failed: notes.add (s-1) 12 ms, protocol_error -32602',
    ],
    ['request.ended', { ...ENDED, outcome: 'cancelled' }, 'INFO: Tool cancelled: notes.add (s-1) 12 ms'],
    ['request.ended', { ...ENDED, method: 'tools/list' }, 'DEBUG: Request completed: notes tools/list (s-1) 12 ms'],
    [
      'session.closed',
      { server: 'notes', session: 's-1', durationMs: 1, reason: 'client' },
      'INFO: Session ended: s-1',
    ],
    [
      'process.ended',
      { server: 'notes', pid: 7, crashed: true, exitCode: 3, durationMs: 1 },
      'ERROR: Server crashed: notes, process 7, status 3',
    ],
  ] as const)('%s %#', async (type, fields, line) => {
    const log = open({ format: 'text' })
    await log.say(type, fields)
    expect(log.text()).toBe(`2026-02-15T12:00:00.000Z ${line}\n`)
  })
})

describe('JSON', () => {
  test('begins with level, timestamp and event, and gives what the event declares', async () => {
    const log = open()
    await log.say('request.ended', { ...ENDED, arguments: { password: 's3cret' } })
    expect(log.text()).toBe(
      '{"level":"info","timestamp":"2026-02-15T12:00:00.000Z","event":"tool_call_completed","server":"notes","session":"s-1","direction":"client_to_server","method":"tools/call","name":"add","operation":"1","outcome":"ok","status":200,"durationMs":12.346,"requestBytes":1,"responseBytes":2,"message":"Tool completed: notes.add (s-1) 12 ms"}\n',
    )
  })

  test("the program's own lines have the same form", async () => {
    const log = open()
    log.logger.warning('store_slow', 'The store is 100% %s slow', { waiting: 3 })
    await log.logger.flush()
    expect(log.text()).toBe(
      '{"level":"warning","timestamp":"2026-02-15T12:00:00.000Z","event":"store_slow","waiting":3,"message":"The store is 100% %s slow"}\n',
    )
  })
})

describe.each(Object.keys(EVENTS) as EventType[])('%s', (type) => {
  const hostile = 'a\nINFO: forged\r\u001B[2J\u009B\u2028\u202E"}'

  test('is one line in both forms, whatever its texts hold', async () => {
    for (const format of ['json', 'text'] as const) {
      const log = open({ format })
      await log.say(type, full(type, hostile))
      expect(log.text().match(/\n/g)).toHaveLength(1)
      expect(log.text().trimEnd()).not.toMatch(/[\p{Cc}\u2028\u202E]/u)
    }
  })

  test('gives back its texts from JSON as they were, and no lists', async () => {
    const log = open()
    const fields = full(type, hostile)
    await log.say(type, fields)
    const line = JSON.parse(log.text()) as Record<string, unknown>
    expect(line.server).toBe(hostile)
    for (const value of Object.values(line)) expect(typeof value).not.toBe('object')
  })
})

describe('options', () => {
  test.each([
    ['debug', 4],
    ['info', 3],
    ['warn', 2],
    ['warning', 2],
    ['error', 1],
  ] as const)(`level %s lets %i of four lines pass. ${promises('E1.log.levels')}`, async (level, count) => {
    const log = open({ level, format: 'text' })
    for (const word of ['debug', 'info', 'warning', 'error'] as const) log.logger[word]('x', 'y')
    await log.logger.flush()
    expect(log.text().split('\n')).toHaveLength(count + 1)
  })

  test('auto is text on a terminal and JSON elsewhere', async () => {
    for (const [isTTY, start] of [
      [true, '2026'],
      [false, '{'],
    ] as const) {
      const log = open({ format: 'auto' }, { isTTY })
      await log.say('session.opened', { server: 'a', era: 'legacy' })
      expect(log.text()).toMatch(new RegExp(`^${start}`))
    }
  })

  test('a time beyond any date is no fault', async () => {
    const log = open()
    await log.say('webhook', { server: 'a', kind: 'b', at: 1e300 })
    expect(log.text()).toContain('+275760-09-13')
  })
})

describe('a stream that fails', () => {
  test('loses what it could not write, which is counted, and gets the next lines', async () => {
    let broken = true
    const taken: string[] = []
    const write: LogStream['write'] = (part, done) => {
      if (broken) throw new Error('gone')
      taken.push(part)
      done()
    }
    const log = open({ format: 'text' }, { write })
    await expect(log.say('webhook', { server: 'a', kind: 'first' })).rejects.toThrow('gone')
    log.logger.info('x', 'own')
    await log.logger.flush()
    broken = false
    await log.say('webhook', { server: 'a', kind: 'second' })
    expect(taken.join('')).toMatch(/^[^\n]*second\n[^\n]*WARNING: 2 lines were lost on standard output: ERROR\n$/)
    await expect.poll(() => log.logger.dropped).toBe(2)
  })

  test('that takes nothing holds only so many lines of ours', () => {
    const log = open({}, { write: () => {} })
    for (let count = 0; count < 1_010; count++) log.logger.info('x', 'y')
    expect(log.logger.dropped).toBe(10)
  })
})
