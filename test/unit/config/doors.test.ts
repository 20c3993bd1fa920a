import { expect, test } from 'vitest'
import { loadConfig } from '../../../packages/server/src/config/index.js'
import { configFiles } from './files.js'

const { file, refusal } = configFiles()

const REACHED = '"url": "http://127.0.0.1:3001/mcp"'
const withDoors = (doors: string) => `servers: { notes: { url: "http://127.0.0.1:1/mcp", doors: ${doors} } }`

test.each([
  ['{ limits: { agent: { calls: 0 } } }', 'limits.agent.calls is 0; expected: a whole number from 1 to 1000000'],
  ['{ limits: { agent: true } }', 'limits.agent is true; expected: a group of keys with "calls", or false'],
  ['{ limits: { tool: { windowMs: 500 } } }', 'limits.tool lacks a key; expected: a group of keys with "calls"'],
  ['{ limits: { agnt: { calls: 3 } } }', 'limits.agnt is an unknown key; did you mean "agent"?'],
  ['{ tools: "read_*" }', 'tools is "read_*"; expected: a list, each entry text of 1 to 128 characters'],
  ['{ tools: [""] }', 'tools.0 is ""; expected: text of 1 to 128 characters'],
  ['{ lockout: { failures: 1 } }', 'lockout is an unknown key. Known here: keys, tools, '],
])('doors of a server like %s are refused, with what is wrong and an example that is valid', (doors, words) => {
  const text = refusal(file('own.yaml', withDoors(doors)))
  expect(text).toContain(`servers.notes.doors.${words}`)
  const example = /for example: (.*)$/m.exec(text)?.[1] ?? ''
  if (doors !== '{ tools: [""] }') expect(example).toContain(REACHED)
  expect(() => loadConfig({ file: file('example.json', example), env: {} })).not.toThrow()
})

test('doors of a server that is not there cannot be set', () => {
  expect(refusal(file('own.yaml', 'doors: { servers: { notes: { keys: true } } }'))).toContain(
    'doors.servers is an unknown key',
  )
})

test('off the loopback interface no server may do without keys', () => {
  const listen = `listen: { host: 0.0.0.0, adminToken: ${'a'.repeat(32)} }\ndoors: { keys: true }\n`
  expect(refusal(file('open.yaml', `${listen}${withDoors('{ keys: false }')}`))).toContain('(HOST_UNGUARDED)')
  expect(() =>
    loadConfig({ file: file('keyed.yaml', `${listen}${withDoors('{ keys: true }')}`), env: {} }),
  ).not.toThrow()
})

test('doors in a client’s file are not passed over in silence', () => {
  const path = file('mcp.json', '{"mcpServers":{"notes":{"command":"x","doors":{"keys":true}}}}')
  expect(loadConfig({ file: path, env: {} }).notes).toContainEqual(
    expect.stringContaining('the "doors" of notes are not read'),
  )
})
