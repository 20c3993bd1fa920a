import { expect, it } from 'vitest'
import { metricsHandler } from '../../../packages/instrument/src/http/index.js'
import { recordToolCall } from '../../../packages/instrument/src/record.js'

const OTEL = 'mcp_server_operation_duration_seconds_count'

async function page(handler = metricsHandler()): Promise<string> {
  return handler(new Request('http://here/metrics')).text()
}

it('counts under the names of OpenTelemetry from when a page asks for them', async () => {
  recordToolCall('search', () => 1)
  expect(await page()).toContain('mcp_tool_calls_total{')
  expect(await page()).not.toContain(OTEL)
  expect(await page(metricsHandler({ opentelemetry: true }))).not.toContain(`${OTEL}{`)
  recordToolCall('search', () => 1)
  const series = (await page()).split('\n').filter((line) => line.startsWith(OTEL))
  expect(series).toHaveLength(1)
  expect(series[0]).toMatch(/mcp_method_name="tools\/call",gen_ai_tool_name="search".*\} 1$/)
})
