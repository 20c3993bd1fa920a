/** Dashboards: the panels that the guides name, and expressions over metrics and labels that there are, for every preset. */
import { describe, expect, test } from 'vitest'
import {
  fullName,
  listOfProviderMetrics,
  METRICS,
  type Metric,
} from '../../../packages/instrument/src/metrics/index.js'
import { parsePromql } from '../../../packages/server/src/promql/index.js'
import { promises } from '../../requirements.js'
import { CASES, exported, subject, textOf, yamlOf } from './support.js'

interface Panel {
  readonly id: number
  readonly title: string
  readonly type: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets: readonly { readonly expr: string; readonly legendFormat?: string }[]
}
interface Dashboard {
  readonly uid: string
  readonly title: string
  readonly panels: readonly Panel[]
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: unknown }[] }
}

const board = (preset: string, slug: string): Dashboard =>
  JSON.parse(textOf(exported('grafana', preset), `grafana/dashboards/${slug}.json`))
const boards = (preset: string): readonly Dashboard[] =>
  exported('grafana', preset)
    .filter(({ path }) => path.endsWith('.json'))
    .map(({ text }) => JSON.parse(text) as Dashboard)

/** What a panel asks, and how its lines are named. */
function asked(preset: string, slug: string, title: string) {
  const found = board(preset, slug).panels.find((panel) => panel.title === title)
  if (found === undefined) throw new Error(`${slug} has no panel ${title}`)
  const [target] = found.targets
  return { type: found.type, expr: target?.expr, legend: target?.legendFormat }
}

describe.each(CASES)('preset "%s"', (preset) => {
  const { metrics } = subject(preset)
  const all: readonly Metric[] = [...METRICS, ...metrics.providers.flatMap(listOfProviderMetrics)]
  const labels = new Map<string, readonly string[]>()
  for (const metric of all)
    for (const suffix of metric.type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''])
      labels.set(`${fullName(metric, metrics.prefix)}${suffix}`, metrics.labelsOf(metric))

  test('each expression is one of PromQL, over metrics and labels that /metrics has', () => {
    for (const { panels, title } of boards(preset))
      for (const panel of panels)
        for (const { expr, legendFormat = '' } of panel.targets) {
          const where = `${title}, ${panel.title}: ${expr}`
          const query = parsePromql(expr.replace(/\$(server|tool)/g, '.*'))
          const named = [/\bby \(([^)]*)\)/g, /(\w+)\b(?==~?"|!=)/g].flatMap((pattern) =>
            [...expr.matchAll(pattern)].flatMap(([, list = '']) => list.split(', ')),
          )
          const legends = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label)
          for (const { matchers } of query.selections(0, 0)) {
            const name = matchers.find((matcher) => matcher.name === '__name__')!.value
            if (name === 'ALERTS') continue
            const known = labels.get(name)
            expect(known, where).toBeDefined()
            for (const label of [...named, ...legends]) if (label !== 'le') expect(known, where).toContain(label)
          }
        }
  })

  test('each variable that is used is there, and no other', () => {
    for (const dashboard of boards(preset)) {
      const used = [...new Set(JSON.stringify(dashboard.panels).match(/(?<=\$\{?)(datasource|server|tool)\b/g))]
      expect(dashboard.templating.list.map(({ name }) => name).sort()).toEqual(used.sort())
    }
  })

  test('panels lie beside and below each other, each known by its number', () => {
    for (const { panels } of boards(preset)) {
      const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
        Array.from({ length: w * h }, (_, at) => `${x + (at % w)},${y + Math.floor(at / w)}`),
      )
      expect(new Set(cells).size).toBe(cells.length)
      expect(Math.max(...panels.map(({ gridPos }) => gridPos.x + gridPos.w))).toBeLessThanOrEqual(24)
      expect(panels.map(({ id }) => id)).toEqual(panels.map((_, index) => index + 1))
    }
  })
})

test('dashboards of several presets can stand side by side', () => {
  const uids = ['', 'commerce', 'dust'].flatMap((preset) => boards(preset).map(({ uid }) => uid))
  expect(new Set(uids).size).toBe(uids.length)
  for (const uid of uids) expect(uid).toMatch(/^[a-z0-9-]{1,40}$/)
})

test(promises('C11.grafana.dashboard'), () => {
  expect(board('commerce', 'overview').panels.length).toBeGreaterThan(5)
  expect(asked('commerce', 'tools', 'Tool Availability').expr).toBe(
    'min by (tool_name) (mcp_tool_availability{tool_name=~"$tool"})',
  )
})

describe(promises('D4.grafana.folder', 'D4.grafana.overview'), () => {
  test('in the folder of the repository, and found by Grafana', () => {
    const files = exported('grafana', 'dust')
    expect(files.map(({ path }) => path)).toContain('grafana/dashboards/overview.json')
    expect(yamlOf(files, 'grafana/provisioning/dashboards/mcp.yaml').providers[0]).toMatchObject({
      type: 'file',
      options: { path: '/var/lib/grafana/dashboards' },
    })
    expect(yamlOf(files, 'grafana/provisioning/datasources/prometheus.yaml').datasources[0]).toMatchObject({
      type: 'prometheus',
      url: '$PROMETHEUS_URL',
    })
  })

  const RATE = 'rate(mcp_dust_server_http_requests_total'
  const BUCKETS = 'mcp_dust_server_http_request_duration_seconds_bucket'
  test(
    promises(
      'D4.grafana.http-requests',
      'D4.panel.http-request-rate',
      'D4.panel.http-request-duration',
      'D4.panel.http-error-rate',
      'D4.panel.legends',
    ),
    () => {
      const legend = '{{method}} {{path}}'
      expect(board('dust', 'http-requests').title).toContain('HTTP Requests')
      expect(asked('dust', 'http-requests', 'HTTP Request Rate')).toMatchObject({ expr: `${RATE}[5m])`, legend })
      expect(asked('dust', 'http-requests', 'HTTP Request Duration (95th percentile)')).toMatchObject({
        expr: `histogram_quantile(0.95, sum by (le, method, path) (rate(${BUCKETS}[5m])))`,
        legend,
      })
      expect(asked('dust', 'http-requests', 'HTTP Error Rate')).toMatchObject({
        expr: `sum by (method, path) (${RATE}{status=~"5.."}[5m]))`,
        legend,
      })
    },
  )

  test(promises('D4.grafana.sessions', 'D4.panel.active-sessions', 'D4.panel.session-duration'), () => {
    expect(board('dust', 'sessions').title).toContain('Sessions')
    expect(asked('dust', 'sessions', 'Active Sessions').expr).toBe('sum(mcp_dust_server_active_sessions)')
    expect(asked('dust', 'sessions', 'Session Duration (95th percentile)').expr).toBe(
      'histogram_quantile(0.95, sum by (le) (rate(mcp_dust_server_session_duration_seconds_bucket[5m])))',
    )
  })
})

test(promises('E6.grafana.overview', 'E6.panel.request-rate', 'E6.panel.queue-size'), () => {
  expect(asked('plugins', 'overview', 'Request Rate')).toMatchObject({
    expr: 'rate(mcp_requests_total[5m])',
    legend: '{{method}} {{endpoint}}',
  })
  expect(asked('plugins', 'overview', 'Error Rate').expr).toContain('mcp_requests_total{status=~"5.."}')
  expect(asked('plugins', 'overview', 'Response Time').expr).toContain('mcp_request_duration_seconds_bucket')
  expect(asked('plugins', 'overview', 'Queue Size')).toEqual({
    type: 'gauge',
    expr: 'mcp_queue_size',
    legend: '{{plugin}}',
  })
})

test(promises('E6.grafana.plugin-performance', 'E6.panel.plugin-execution-rate'), () => {
  const legend = '{{plugin}} {{command}}'
  expect(asked('plugins', 'plugin-performance', 'Plugin Execution Rate')).toMatchObject({
    expr: 'rate(mcp_plugin_executions_total[5m])',
    legend,
  })
  const runs = (matchers: string) => `sum by (plugin, command) (rate(mcp_plugin_executions_total${matchers}[5m]))`
  expect(asked('plugins', 'plugin-performance', 'Plugin Success Rate')).toMatchObject({
    expr: `${runs('{status="success"}')} / ${runs('')}`,
    legend,
  })
  for (const [title, metric] of [
    ['Plugin Execution Duration', 'mcp_plugin_execution_duration_seconds_bucket'],
    ['Queue Wait (95th percentile)', 'mcp_queue_wait_seconds_bucket'],
  ] as const)
    expect(asked('plugins', 'plugin-performance', title).expr).toContain(metric)
})

test(promises('E6.grafana.system-health'), () => {
  for (const [title, metric] of [
    ['CPU', 'mcp_host_cpu_usage_percent'],
    ['Memory', 'mcp_host_memory_usage_bytes'],
    ['Disk I/O', 'mcp_disk_io_bytes_per_second'],
    ['Network', 'mcp_network_io_bytes_per_second'],
  ] as const)
    expect(asked('plugins', 'system-health', title).expr).toBe(metric)
})
