import { describe, expect, test } from 'vitest'
import { createGuard } from '../../../packages/server/src/listen/index.js'
import { promises } from '../../requirements.js'

const local = createGuard({ allowedHosts: [], allowedOrigins: [] })
const named = createGuard({
  allowedHosts: ['mcp-dust-server', '*.monitoring.svc'],
  allowedOrigins: ['https://pages.example.org'],
})

describe(promises('F10.network.host-check'), () => {
  test.each([
    ['localhost:9464', undefined],
    ['127.0.0.1', undefined],
    ['[::1]:9464', undefined],
    ['LOCALHOST', undefined],
    ['evil.example', 'foreign_host'],
    ['localhost.evil.example', 'foreign_host'],
    ['mcp-dust-server:5001', 'foreign_host'],
    ['', 'foreign_host'],
    ['localhost:evil', 'foreign_host'],
    [undefined, 'foreign_host'],
  ])('without names, Host %j gives %s', (host, refusal) => {
    expect(local.refusalOf({ host, localAddress: '127.0.0.1' })).toBe(refusal)
  })

  test.each([
    ['mcp-dust-server:5001', undefined],
    ['MCP-Dust-Server', undefined],
    ['pod-1.monitoring.svc', undefined],
    ['monitoring.svc', 'foreign_host'],
    ['notmonitoring.svc', 'foreign_host'],
    ['mcp-dust-server.evil.example', 'foreign_host'],
  ])('with names, Host %j gives %s', (host, refusal) => {
    expect(named.refusalOf({ host, localAddress: '10.1.2.3' })).toBe(refusal)
  })

  test('the address that the connection came to is no name that a page can have', () => {
    for (const [host, localAddress] of [
      ['10.1.2.3:5001', '10.1.2.3'],
      ['10.1.2.3', '::ffff:10.1.2.3'],
      ['[fd00::2]:5001', 'fd00::2'],
    ] as const)
      expect(local.refusalOf({ host, localAddress })).toBeUndefined()
    expect(local.refusalOf({ host: '10.9.9.9', localAddress: '10.1.2.3' })).toBe('foreign_host')
  })
})

test.each([
  ['https://pages.example.org', undefined],
  ['https://PAGES.example.org', undefined],
  ['http://localhost:5173', undefined],
  ['http://mcp-dust-server:5001', undefined],
  ['http://mcp-dust-server:5002', 'foreign_origin'],
  ['http://pages.example.org', 'foreign_origin'],
  ['https://pages.example.org.evil.example', 'foreign_origin'],
  ['https://evil.example', 'foreign_origin'],
  ['https://localhost@evil.example', 'foreign_origin'],
  ['https://localhost.evil.example', 'foreign_origin'],
  ['null', 'foreign_origin'],
  ['', 'foreign_origin'],
])('Origin %j gives %s', (origin, refusal) => {
  expect(named.refusalOf({ host: 'mcp-dust-server:5001', origin, localAddress: '10.1.2.3' })).toBe(refusal)
})
