import { expect, test } from 'vitest'
import type { Event } from '../../../packages/instrument/src/event/index.js'
import {
  type CallValue,
  createConversation,
  createServerMemory,
  type ExtractionRules,
  joinRules,
  type WantedValue,
} from '../../../packages/instrument/src/mcp/index.js'

const WANTED = [
  { from: 'arguments', path: ['a'], maxLength: 8 },
  { from: 'arguments', path: ['a', 'b'], maxLength: 8 },
  { from: 'result', path: ['r'], maxLength: 8 },
] as const

/** The values that calls gave to the rules, a call a line. */
function reading(placesOf: (tool: string) => readonly number[] | undefined) {
  const given: (readonly (CallValue | undefined)[])[] = []
  const events: Event[] = []
  const rules = {
    wanted: WANTED,
    placesOf,
    derive: (_: Event, values: readonly (CallValue | undefined)[]) => {
      given.push(WANTED.map((_, place) => values[place]))
      return []
    },
  }
  const conversation = createConversation({
    origin: { server: 's' },
    publish: (event) => events.push(event),
    now: () => 0,
    clock: () => 0,
    server: createServerMemory({}, rules),
  })
  const up = conversation.lines('client_to_server')
  const down = conversation.lines('server_to_client')
  const line = (message: string) => Buffer.from(`{"jsonrpc":"2.0","id":1,${message}}\n`)
  return {
    given,
    call(tool: string, args: string, result = '{}') {
      up.feed(line(`"method":"tools/call","params":{"arguments":${args},"name":"${tool}"}`))
      down.feed(line(`"result":${result}`))
    },
  }
}

test('a call keeps the values of its own tool alone, although others are read at the same places', () => {
  const { given, call } = reading((tool) => ({ one: [0], two: [1, 2] })[tool])
  call('one', '{"a":"x"}', '{"structuredContent":{"r":1}}')
  call('two', '{"a":{"b":"y"}}', '{"structuredContent":{"r":1}}')
  call('three', '{"a":"z"}')
  expect(given).toEqual([
    ['x', undefined, undefined],
    [undefined, 'y', 1],
  ])
})

test.each([
  ['a text, two units more than it may be', '"123456789012"', '1234567890'],
  ['a text with escapes', '"\\u00fc\\n"', 'ü\n'],
  ['a number', '-1.5e3', -1500],
  ['a number that is too long', '12345678901', undefined],
  ['true', 'true', true],
  ['false', 'false', false],
  ['null', 'null', undefined],
  ['a list', '["x"]', undefined],
])('%s', (_, text, value) => {
  const { given, call } = reading(() => [0])
  call('t', `{"a":${text}}`)
  expect(given[0]?.[0]).toBe(value)
})

test('structuredContent comes before _meta, and only there', () => {
  const { given, call } = reading(() => [2])
  call('t', '{}', '{"_meta":{"r":1},"structuredContent":{"r":2},"r":3}')
  call('t', '{}', '{"_meta":{"r":1},"r":3}')
  call('t', '{}', '{"r":3,"content":[{"r":4}],"structuredContent":[{"r":5}]}')
  expect(given.map(([, , found]) => found)).toEqual([2, 1, undefined])
})

test('rules that are joined each get their own values, and what both want is read once', () => {
  const got: Record<string, unknown> = {}
  const rulesOf = (name: string, tool: string, wanted: readonly WantedValue[]): ExtractionRules => ({
    wanted,
    placesOf: (called) => (called === tool || tool === '*' ? wanted.map((_, place) => place) : undefined),
    derive: (_, values) => {
      got[name] = wanted.map((_, place) => values[place])
      return []
    },
  })
  const [a, b] = [
    { from: 'arguments', path: ['a'], maxLength: 2 },
    { from: 'result', path: ['b'], maxLength: 2 },
  ] as const
  const rules = joinRules(rulesOf('first', '*', [a]), rulesOf('second', 'two', [b, { ...a, maxLength: 9 }]))
  expect(rules?.wanted).toEqual([{ ...a, maxLength: 9 }, b])
  expect(rules?.placesOf('one')).toEqual([0])
  expect(rules?.placesOf('two')).toEqual([0, 1])
  const conversation = createConversation({
    origin: { server: 's' },
    publish: () => {},
    now: () => 0,
    clock: () => 0,
    server: createServerMemory({}, rules),
  })
  const call = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"two","arguments":{"a":"long"}}}\n'
  conversation.lines('client_to_server').feed(Buffer.from(call))
  const answer = '{"jsonrpc":"2.0","id":1,"result":{"structuredContent":{"b":true}}}\n'
  conversation.lines('server_to_client').feed(Buffer.from(answer))
  expect(got).toEqual({ first: ['long'], second: [true, 'long'] })
  expect(joinRules(undefined, undefined)).toBeUndefined()
  expect(joinRules(undefined, rules)).toBe(rules)
})
