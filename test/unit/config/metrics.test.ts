import { describe, expect, it, test } from 'vitest'
import { loadConfig } from '../../../packages/server/src/config/index.js'
import { promises } from '../../requirements.js'
import { file, refusal } from './files.js'

const labelled = (name: string, labels: string) => file(name, `metrics:\n  labels:\n    ${labels}\n`)

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
