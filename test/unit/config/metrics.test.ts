import { describe, expect, it, test } from 'vitest'
import { loadConfig } from '../../../packages/server/src/config/index.js'
import { promises } from '../../requirements.js'
import { configFiles } from './files.js'

const { file, refusal } = configFiles()

const labelled = (name: string, labels: string) => file(name, `metrics:\n  labels:\n    ${labels}\n`)

test('a preset’s provider can be given an address, and keeps its place', () => {
  const addressed = file('dust.yaml', 'preset: dust\nproviders:\n  dustApi: { type: tcp, host: a, port: 1 }\n')
  const { providers } = loadConfig({ file: addressed, env: {} }).config
  expect(providers).toMatchObject({ dustApi: { type: 'tcp', required: true }, database: { type: 'calls' } })
})

describe('the labels of a view', () => {
  it.each([
    ['tool_call_total: [tool]', /tool_call_total is no metric; did you mean "tool_calls_total"\?/],
    ['mcp_tool_calls_total: [tool]', /mcp_tool_calls_total is no metric; did you mean "tool_calls_total"\?/],
    [
      'tool_calls_total: [tol]',
      /"tol" is no label of tool_calls_total; did you mean "tool"\?; it has server, tool, status/,
    ],
    ['tool_calls_total: [tool, tool]', /names the label tool twice/],
    ['tool_calls_total: tool', /is "tool"; expected: a list/],
  ])('%s is refused with its place and the nearest name', (labels, message) => {
    const text = refusal(labelled('view.yaml', labels))
    expect(text).toMatch(message)
    expect(text).toMatch(/view\.yaml:3:/)
  })

  it('may be those of any metric that there is, a provider’s too', () => {
    const text = `providers:\n  dustApi: { type: http, url: "http://127.0.0.1:1/" }\nmetrics:\n  labels: { dust_api_requests_total: [], memory_usage_bytes: [], mcp_server_operation_duration_seconds: [error_type] }\n`
    expect(() => loadConfig({ file: file('good.yaml', text), env: {} })).not.toThrow()
  })
})

describe('a prefix', () => {
  it.each(['mcp_vitals', 'process', 'mcp_vitals_x', 'process_a'])(
    '%s is refused: such names never change',
    (prefix) => {
      expect(refusal(undefined, { METRICS_PREFIX: prefix })).toMatch(/metrics\.prefix starts the names .* never change/)
    },
  )

  it('that is empty in a file is refused with what it may be; an empty variable is none, as everywhere', () => {
    const empty = file('prefix.yaml', "metrics:\n  prefix: ''\n")
    expect(refusal(empty)).toMatch(
      /prefix\.yaml:2:\d+: metrics\.prefix is ""; expected: text of 1 to 64 characters, for example "mcp"/,
    )
    expect(loadConfig({ env: { METRICS_PREFIX: '' } }).config.metrics.prefix).toBe('mcp')
  })
})

describe('a port of metrics', () => {
  it('that is the port of everything else is refused by name', () => {
    const own = /METRICS_PORT: metrics\.port is 9464, as listen\.port is; expected: another port/
    expect(refusal(undefined, { METRICS_PORT: '9464' })).toMatch(own)
    expect(refusal(file('ports.yaml', 'listen: { port: 7000 }\nmetrics:\n  port: 7000\n'))).toMatch(
      /ports\.yaml:3:\d+: metrics\.port is 7000, as listen\.port is/,
    )
    const chosen = { METRICS_PORT: '0' }
    expect(() => loadConfig({ file: file('free.yaml', 'listen: { port: 0 }\n'), env: chosen })).not.toThrow()
  })
})

describe('the example below an error', () => {
  it.each([
    [{ METRICS_PREFIX: 'process' }, 'METRICS_PREFIX=mcp'],
    [{ LOG_MAX_SIZE: 'big' }, 'LOG_MAX_SIZE=100m'],
    [{ METRICS_PORT: '9464' }, 'METRICS_PORT=9091'],
  ])('shows the variable at fault: %j', (env, example) => {
    const load = () => loadConfig({ env })
    expect(load).toThrow(expect.objectContaining({ example }))
  })

  it('shows the key at fault, and what a configuration is where that has none', () => {
    const load = (text: string) => () => loadConfig({ file: file('example.yaml', text), env: {} })
    expect(load('log: { level: loud }')).toThrow(expect.objectContaining({ example: '{ "log": { "level": "info" } }' }))
    expect(load('nothing: 1')).toThrow(expect.objectContaining({ example: expect.stringContaining('"servers"') }))
  })
})

describe('a path of metrics', () => {
  it.each(['/', '/health', '/mcp/x', '/v1/events', 'metrics', '/a b', '/ready'])('%s is refused', (path) => {
    expect(refusal(undefined, { METRICS_PATH: path })).toMatch(/environment variable METRICS_PATH: metrics\.path is /)
  })
})

test(promises('F2.prefix.collision'), () => {
  expect(refusal(undefined, { METRICS_PREFIX: 'mcp_server' })).toMatch(
    /environment variable METRICS_PREFIX: metrics\.prefix gives two metrics the name mcp_server_session_duration_seconds/,
  )
  const http = file('clash.yaml', 'providers:\n  http: { type: http, url: "http://127.0.0.1:1/" }\n')
  expect(refusal(http)).toMatch(/providers\.http gives two metrics the name mcp_http_requests/)
  const twins = 'providers:\n  dustApi: { type: tcp, host: a, port: 1 }\n  dust-api: { type: tcp, host: a, port: 1 }\n'
  expect(refusal(file('twins.yaml', twins))).toMatch(
    /providers\.dust-api gives two metrics the name mcp_dust_api_requests/,
  )
})
