import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { configSchema, loadConfig } from '../../../packages/server/src/config/index.js'
import { DERIVABLE, fieldsOf } from '../../../packages/server/src/derive/index.js'
import { derivationOptions } from '../../../packages/server/src/derive/options.js'
import { configFiles } from '../config/files.js'

const { file, refusal } = configFiles()

/** What is said of a configuration with this one derivation on its second line. */
const said = (derivation: string) => refusal(file('derivations.yaml', `derivations:\n  - ${derivation}\n`))

describe('a derivation that is wrong is told with its line, its key and an example', () => {
  test.each([
    [
      'a field of another event',
      '{ tool: t, event: webhook, kind: x, channel: sms }',
      'derivations.yaml:2:50: derivations.0.channel is no field of the event webhook; its fields: kind, agent',
    ],
    [
      'an event that is none',
      '{ tool: t, event: massage }',
      'derivations.yaml:2:23: derivations.0.event is "massage"; expected: one of message, webhook',
    ],
    ['an event of the protocol', '{ tool: t, event: request.ended }', 'derivations.0.event is "request.ended"'],
    ['no tool', '{ event: voice, action: started }', 'derivations.0.tool is missing; expected: text of 1 to 128'],
    [
      'a field that the event needs',
      '{ tool: t, event: message }',
      'derivations.0.channel is missing, and the event message needs it; expected: text of at most 64 characters, { argument: path } or { result: path }, for example { argument: channel }',
    ],
    [
      'a word that is no choice',
      '{ tool: t, event: voice, action: begun }',
      'derivations.0.action is "begun"; expected: one of started, ended',
    ],
    [
      'text for a number',
      '{ tool: t, event: usage, provider: p, costUsd: much }',
      'derivations.0.costUsd is "much"; expected: a number from 0 to 10^15',
    ],
    [
      'a half token',
      '{ tool: t, event: usage, provider: p, inputTokens: 0.5 }',
      'derivations.0.inputTokens is 0.5; expected: a whole number',
    ],
    [
      'two places',
      '{ tool: t, event: webhook, kind: { argument: a, result: b } }',
      'derivations.0.kind is a group of keys; expected: either "argument" or "result" in it',
    ],
    ['no place', '{ tool: t, event: webhook, kind: { values: [a] } }', 'expected: either "argument" or "result"'],
    [
      'an unknown key',
      '{ tool: t, event: webhook, kind: { argumnt: a } }',
      'derivations.0.kind.argumnt is an unknown key. Known here: argument, result, values, maxValues, default',
    ],
    [
      'an empty key',
      '{ tool: t, event: webhook, kind: { argument: a..b } }',
      'kind.argument is "a..b"; expected: a path',
    ],
    [
      'a name of the protocol’s',
      '{ tool: t, event: webhook, kind: { result: [io.modelcontextprotocol/serverInfo, name] } }',
      'expected: a key of the server’s own',
    ],
    [
      'labels for a number',
      '{ tool: t, event: usage, provider: p, costUsd: { result: a, values: [b] } }',
      'costUsd.values goes only with a text label',
    ],
    [
      'labels for an id',
      '{ tool: t, event: voice, action: ended, id: { argument: a, maxValues: 3 } }',
      'id.maxValues goes only with a text label',
    ],
    ['no labels', '{ tool: t, event: webhook, kind: { argument: a, values: [] } }', 'kind.values is a list; expected'],
    [
      'too many labels',
      '{ tool: t, event: webhook, kind: { argument: a, maxValues: 9999 } }',
      'kind.maxValues is 9999',
    ],
    [
      'a wrong default',
      '{ tool: t, event: webhook, kind: { argument: a, default: 3 } }',
      'kind.default is 3; expected',
    ],
    [
      'an agent without an id',
      '{ tool: t, event: agent, action: provisioned }',
      'derivations.0.agent is missing: which',
    ],
    [
      'another occasion',
      '{ tool: t, on: never, event: voice, action: ended }',
      'derivations.0.on is "never"; expected',
    ],
    ['a word', 'send_message', 'derivations.0 is "send_message"; expected: a group of keys'],
  ])('%s', (_, derivation, words) => {
    const text = said(derivation)
    expect(text).toContain('(CONFIG_INVALID)')
    expect(text).toContain(words)
  })

  test('every one of several is told', () => {
    const text = said('{ tool: 7, on: x, event: webhook, kinds: a }')
    for (const key of ['tool is 7', 'on is "x"', 'kinds is no field', 'kind is missing'])
      expect(text).toContain(`derivations.0.${key}`)
  })
})

test('a right one is taken as it is written', () => {
  const derivations = [
    { server: 'comms', tool: 'send_*', event: 'message', channel: { argument: 'to.channel', values: ['sms'] } },
    { tool: 'ask_*', on: 'any', event: 'usage', provider: 'openai', costUsd: { result: ['usage', 'cost.usd'] } },
    { tool: 'x', event: 'business', name: '3d_generations' },
  ]
  const path = file('right.json', JSON.stringify({ derivations }))
  expect(loadConfig({ file: path, env: {} }).config.derivations).toEqual(derivations)
})

test('for every event its own fields are taken, and no other event’s', () => {
  const names = [...new Set(DERIVABLE.flatMap((event) => fieldsOf(event).map(({ name }) => name)))]
  fc.assert(
    fc.property(fc.constantFrom(...DERIVABLE), fc.constantFrom(...names), (event, name) => {
      const fields = fieldsOf(event)
      const given = fields.filter((field) => field.required || field.name === 'agent').map((field) => field.name)
      const derivation = Object.fromEntries([...given, name].map((key) => [key, { argument: `in.${key}` }]))
      const { success } = derivationOptions.safeParse([{ tool: 't', event, ...derivation }])
      expect(success).toBe(fields.some((field) => field.name === name))
    }),
  )
})

test('the published schema has a branch for each event, with its fields', () => {
  const items = configSchema.properties?.derivations?.items as { anyOf: { properties: object }[] } | undefined
  expect(items?.anyOf.map(({ properties }) => Object.keys(properties).slice(4))).toEqual(
    DERIVABLE.map((event) => fieldsOf(event).map(({ name }) => name)),
  )
})
