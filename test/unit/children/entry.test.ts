import { expect, test } from 'vitest'
import { mcpJsonEntry, serverEntry } from '../../../packages/server/src/children/options.js'

test('a command and an address are taken, with their defaults', () => {
  expect(serverEntry.parse({ command: 'npx' })).toEqual({ command: 'npx', args: [], env: {}, disabled: false })
  expect(serverEntry.parse({ url: 'https://mcp.example.com/mcp' })).toEqual({
    url: 'https://mcp.example.com/mcp',
    headers: {},
    transport: 'http',
    disabled: false,
  })
})

test.each([
  ['neither', {}],
  ['both', { command: 'npx', url: 'http://127.0.0.1/mcp' }],
  ['an unknown key', { command: 'npx', autoApprove: [] }],
  ['an address of another kind', { url: 'file:///etc/passwd' }],
  ['an empty command', { command: '' }],
])('%s is refused', (_, entry) => {
  expect(serverEntry.safeParse(entry).success).toBe(false)
})

test('the keys that clients write are read over in mcp.json', () => {
  expect(
    mcpJsonEntry.parse({ type: 'stdio', command: 'npx', args: ['-y', 'x'], autoApprove: ['a'], timeout: 60 }),
  ).toEqual({ command: 'npx', args: ['-y', 'x'], env: {}, disabled: false })
  expect(mcpJsonEntry.parse({ type: 'http', url: 'http://127.0.0.1:1/mcp', gallery: true })).toEqual({
    url: 'http://127.0.0.1:1/mcp',
    headers: {},
    transport: 'http',
    disabled: false,
  })
  expect(mcpJsonEntry.parse({ url: 'http://127.0.0.1:1/mcp', transport: 'streamable-http' })).toMatchObject({
    transport: 'http',
  })
})

test.each([
  [{ type: 'sse', url: 'http://127.0.0.1:1/x' }, 'sse'],
  [{ transport: 'sse', url: 'http://127.0.0.1:1/x' }, 'sse'],
  [{ url: 'http://127.0.0.1:1/a/sse?x=1' }, 'sse'],
  [{ url: 'http://127.0.0.1:1/assess' }, 'http'],
  [{ type: 'http', url: 'http://127.0.0.1:1/sse' }, 'http'],
  [{ transport: 'streamable-http', url: 'http://127.0.0.1:1/sse' }, 'http'],
])('a client’s entry %j is %s', (entry, transport) => {
  expect(mcpJsonEntry.parse(entry)).toMatchObject({ transport })
})
