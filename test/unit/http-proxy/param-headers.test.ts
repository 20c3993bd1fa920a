import { expect, test } from 'vitest'
import { type Message, readParcel } from '../../../packages/server/src/sources/http-proxy/message.js'
import { ParamHeaders } from '../../../packages/server/src/sources/http-proxy/param-headers.js'

const schema = {
  type: 'object',
  properties: {
    region: { type: 'string', 'x-mcp-header': 'Region' },
    limit: { type: 'integer', 'x-mcp-header': 'Limit' },
    dry: { type: 'boolean', 'x-mcp-header': 'Dry' },
    where: { type: 'object', properties: { city: { type: 'string', 'x-mcp-header': 'City' } } },
    free: { type: 'string' },
  },
}
const read = (message: unknown): Message => readParcel(Buffer.from(JSON.stringify(message)))!.messages[0]!
const answer = (result: unknown) => read({ jsonrpc: '2.0', id: 1, result })
const listing = (...tools: unknown[]) => answer({ tools })

function learned(...listings: Message[]): ParamHeaders {
  const params = new ParamHeaders()
  for (const given of listings) params.learn(given)
  return params
}

function code(params: ParamHeaders, headers: Record<string, string>, args: unknown, name: unknown = 'find') {
  const message = read({ jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name, arguments: args } })
  return params.refusalOf(headers, message)?.code
}

test.each([
  ['the same text', { 'mcp-param-region': 'eu' }, { region: 'eu' }, undefined],
  ['another text', { 'mcp-param-region': 'us' }, { region: 'eu' }, -32020],
  ['no header', {}, { region: 'eu' }, -32020],
  ['no argument', { 'mcp-param-region': 'us' }, {}, undefined],
  ['null', {}, { region: null }, undefined],
  ['no arguments', {}, undefined, undefined],
  ['base64', { 'mcp-param-region': '=?base64?w7xiZXI=?=' }, { region: 'über' }, undefined],
  ['base64 without its padding', { 'mcp-param-region': '=?base64?SGVsbG8?=' }, { region: 'Hello' }, -32020],
  ['base64 of other letters', { 'mcp-param-region': '=?base64?SGVs!!!bG8=?=' }, { region: 'Hello' }, -32020],
  ['no end of the wrapping', { 'mcp-param-region': '=?base64?SGVsbG8=' }, { region: '=?base64?SGVsbG8=' }, undefined],
  ['a number, written otherwise', { 'mcp-param-limit': '42.0' }, { limit: 42 }, undefined],
  ['another number', { 'mcp-param-limit': '43' }, { limit: 42 }, -32020],
  ['a text that looks like a number', { 'mcp-param-region': '42.0' }, { region: '42' }, -32020],
  ['a truth', { 'mcp-param-dry': 'true' }, { dry: true }, undefined],
  ['an object has no header', {}, { region: { a: 1 } }, undefined],
  ['deeper down', { 'mcp-param-city': 'Bonn' }, { where: { city: 'Bonn' } }, undefined],
  ['deeper down, another', { 'mcp-param-city': 'Köln' }, { where: { city: 'Bonn' } }, -32020],
  ['an argument without a mark', {}, { free: 'x' }, undefined],
])('%s', (_, headers, args, expected) => {
  const params = learned(listing({ name: 'find', inputSchema: schema }, { name: 'other', inputSchema: {} }))
  expect(code(params, headers as Record<string, string>, args)).toBe(expected)
})

test('only tools that were listed are checked, by their newest listing', () => {
  const marked = listing({ name: 'find', inputSchema: schema })
  const plain = listing({ name: 'find', inputSchema: { type: 'object' } })
  expect(code(learned(), {}, { region: 'eu' })).toBeUndefined()
  expect(code(learned(marked), {}, { region: 'eu' }, 'another')).toBeUndefined()
  expect(code(learned(marked, plain), {}, { region: 'eu' })).toBeUndefined()
  expect(code(learned(plain, marked), {}, { region: 'eu' })).toBe(-32020)
})

test('what is no listing teaches nothing', () => {
  const strange = [null, 'x-mcp-header', { tools: { 'x-mcp-header': 1 } }, { tools: [null, { name: 1 }] }].map(answer)
  const params = learned(...strange, listing({ name: 'find', inputSchema: null }))
  expect(code(params, {}, { region: 'eu' })).toBeUndefined()
})

test('a name that is no text names no tool', () => {
  const params = learned(listing({ name: 'find', inputSchema: schema }))
  for (const name of [{ toString: 1, valueOf: 1 }, ['find'], 7, null])
    expect(code(params, {}, { region: 'eu' }, name)).toBeUndefined()
})
