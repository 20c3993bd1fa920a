import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  CATALOGUE,
  CONTENT_TYPES,
  expose,
  formatFor,
  type Registry,
} from '../../packages/instrument/src/metrics/index.js'
import { type RunningPrometheus, startPrometheus } from '../fixtures/prometheus.js'
import { everyMetricMoved, TRACE_ID } from '../unit/metrics/every-metric.js'
import { readExposition } from '../unit/metrics/read-exposition.js'

const DEADLINE_MS = 40_000
/** Characters on which readers of the format have stumbled. */
const HOSTILE_TOOLS = [
  'a|b',
  '\0',
  '\r\n',
  '\t',
  '\u2028',
  '\ufeff',
  '{}',
  'a="b",c',
  '\\',
  '"',
  '\\"',
  '\\n',
  '\x7f',
  '\x80',
]

/** Formats that were asked for. */
const formats = new Set<string>()
let registry: Registry
let target: Server
let prometheus: RunningPrometheus
let api: string

beforeAll(async () => {
  registry = everyMetricMoved()
  for (const [i, tool] of HOSTILE_TOOLS.entries())
    registry.gauge(CATALOGUE.mcp.tool_availability).with('hostile', tool).set(i)
  target = createServer((request, response) => {
    const format = formatFor(request.headers.accept ?? null)
    formats.add(format)
    response.setHeader('content-type', CONTENT_TYPES[format]).end(expose(registry, format))
  })
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve))
  const { port } = target.address() as AddressInfo
  const config = {
    global: { scrape_interval: '1s', scrape_timeout: '1s' },
    scrape_configs: [{ job_name: 'mcp-vitals', static_configs: [{ targets: [`127.0.0.1:${port}`] }] }],
  }
  prometheus = await startPrometheus({ config, args: ['--enable-feature=exemplar-storage'] })
  api = prometheus.api
  await until('up == 1', async () => (await query('up{job="mcp-vitals"}'))[0]?.value === 1)
}, DEADLINE_MS)

afterAll(async () => {
  await prometheus?.stop()
  await new Promise((resolve) => target.close(resolve))
})

interface Found {
  readonly metric: Readonly<Record<string, string>>
  readonly value: number
}

async function query(expression: string): Promise<readonly Found[]> {
  const response = await fetch(`${api}/api/v1/query?${new URLSearchParams({ query: expression })}`)
  if (response.status === 503) return []
  const body = (await response.json()) as {
    data: { result: { metric: Record<string, string>; value: [number, string] }[] }
  }
  return body.data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }))
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS
  while (!(await holds().catch(() => false))) {
    if (Date.now() > deadline) throw new Error(`not in ${DEADLINE_MS} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

describe('a real Prometheus', () => {
  it('scrapes every series that was exposed, and reports no fault', async () => {
    const response = await fetch(`${api}/api/v1/targets`)
    const { data } = (await response.json()) as { data: { activeTargets: { health: string; lastError: string }[] } }
    expect(data.activeTargets).toMatchObject([{ health: 'up', lastError: '' }])
    const [samples] = await query('scrape_samples_scraped')
    expect(samples?.value).toBe(readExposition(expose(registry)).length)
  })

  it('answers queries with the values that were recorded', async () => {
    const labels = 'server="a",tool="a",status="a"'
    expect(await query(`mcp_tool_calls_total{${labels}}`)).toMatchObject([{ value: 3 }])
    expect(await query('mcp_request_duration_seconds_bucket{server="a",le="0.002"}')).toMatchObject([{ value: 1 }])
    expect(await query('mcp_request_duration_seconds_bucket{server="a",le="0.001"}')).toMatchObject([{ value: 0 }])
    registry.counter(CATALOGUE.mcp.tool_calls_total).with('a', 'a', 'a').inc(4)
    await until('the next scrape', async () => (await query(`mcp_tool_calls_total{${labels}}`))[0]?.value === 7)
  })

  it('reads hostile label values as they were', async () => {
    const found = await query('mcp_tool_availability{server="hostile"}')
    expect(new Map(found.map(({ metric, value }) => [metric.tool_name, value]))).toEqual(
      new Map(HOSTILE_TOOLS.map((tool, i) => [tool, i])),
    )
  })

  it('asks for OpenMetrics, and finds the trace of a call by its counter and its bucket', async () => {
    expect([...formats]).toEqual(['openmetrics'])
    for (const [series, value] of [
      ['mcp_tool_calls_total', 3],
      ['mcp_tool_call_duration_seconds_bucket', 0.002],
    ] as const) {
      const range = { query: `${series}{server="a"}`, start: '1699999000', end: '1700001000' }
      const response = await fetch(`${api}/api/v1/query_exemplars?${new URLSearchParams(range)}`)
      const { data } = (await response.json()) as { data: { exemplars: unknown[] }[] }
      expect(data.flatMap(({ exemplars }) => exemplars)).toMatchObject([
        { labels: { trace_id: TRACE_ID }, value: String(value), timestamp: 1_700_000_000.123 },
      ])
    }
  })
})
