import { expect, test } from 'vitest'
import { readParcel } from '../../../packages/server/src/sources/http-proxy/message.js'
import { isModern, route, statusOf } from '../../../packages/server/src/sources/http-proxy/routing.js'

const SPEC = 'io.modelcontextprotocol'
const metaOf = (version: string) => ({
  _meta: { [`${SPEC}/protocolVersion`]: version, [`${SPEC}/clientCapabilities`]: {} },
})
const meta = metaOf('2026-07-28')
const modernHeaders = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'add' }
const request = (method: string, params: object = {}) => ({ jsonrpc: '2.0', id: 1, method, params })
const callOf = (version: string) => request('tools/call', { name: 'add', ...metaOf(version) })
const modernCall = callOf('2026-07-28')
const NO_CAPABILITIES = { [`${SPEC}/protocolVersion`]: '2026-07-28' }

function to(headers: Record<string, string>, body: unknown): unknown {
  const { messages, batch } = readParcel(Buffer.from(JSON.stringify(body)))!
  const target = route(headers, messages, batch)
  return target.to === 'refusal' ? target.refusal.code : target.to === 'session' ? target.id : target.to
}

test.each([
  ['initialize opens a session', {}, request('initialize', { protocolVersion: '2025-11-25' }), 'new session'],
  ['a session id names one', { 'mcp-session-id': 's' }, request('ping'), 's'],
  ['without either it is nothing', {}, request('ping'), -32000],
  [
    'a version that nobody knows',
    { 'mcp-session-id': 's', 'mcp-protocol-version': '1999-01-01' },
    request('ping'),
    -32000,
  ],
  ['a modern call', modernHeaders, modernCall, 'shared'],
  ['a modern call with a session id', { ...modernHeaders, 'mcp-session-id': 's' }, modernCall, 'shared'],
  ['a modern notification', { 'mcp-protocol-version': '2026-07-28' }, { jsonrpc: '2.0', method: 'x' }, 'shared'],
  ['a later revision', { ...modernHeaders, 'mcp-protocol-version': '2027-01-01' }, modernCall, -32020],
  ['no _meta', modernHeaders, request('tools/call', { name: 'add' }), -32602],
  ['no capabilities', modernHeaders, { ...modernCall, params: { name: 'add', _meta: NO_CAPABILITIES } }, -32602],
  ['a revision that nobody knows', { ...modernHeaders, 'mcp-protocol-version': 'v9' }, callOf('v9'), 'shared'],
  ['one that its header does not know', modernHeaders, callOf('v9'), -32020],
  ['another method', { ...modernHeaders, 'mcp-method': 'tools/list' }, modernCall, -32020],
  ['another name', { ...modernHeaders, 'mcp-name': 'sub' }, modernCall, -32020],
  ['no name', { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call' }, modernCall, -32020],
  ['an encoded name', { ...modernHeaders, 'mcp-name': '=?base64?YWRk?=' }, modernCall, 'shared'],
  ['a batch', modernHeaders, [modernCall], -32600],
  ['an answer', { 'mcp-protocol-version': '2026-07-28' }, { jsonrpc: '2.0', id: 1, result: {} }, -32600],
])('%s', (_, headers, body, expected) => {
  expect(to(headers as Record<string, string>, body)).toBe(expected)
})

test('a resource’s long address is compared in full', () => {
  const uri = `file:///${'long/'.repeat(100)}`
  const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'resources/read', 'mcp-name': uri }
  expect(to(headers, request('resources/read', { uri, ...meta }))).toBe('shared')
  expect(to({ ...headers, 'mcp-name': `${uri}x` }, request('resources/read', { uri, ...meta }))).toBe(-32020)
})

test('eras are told by date', () => {
  expect(['2025-11-25', '2026-07-28', '2027-03-01', 'draft', undefined].map(isModern)).toEqual([
    false,
    true,
    true,
    false,
    false,
  ])
})

test.each([
  ['-32601', 404],
  ['-32020', 400],
  ['-32021', 400],
  ['-32022', 400],
  ['-32602', 200],
  ['-32042', 200],
  [undefined, 200],
])('the error %s has status %d', (code, status) => {
  expect(statusOf(code)).toBe(status)
})
