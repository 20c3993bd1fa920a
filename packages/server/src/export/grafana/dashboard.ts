import { CATALOGUE, fullName } from '@mcp-vitals/instrument/metrics'
import type { Subject } from '../contract.js'
import type { Board, Panel } from './board.js'
import { queriesOf } from './queries.js'

const { mcp } = CATALOGUE

/** The form of dashboards that is written: any Grafana since 10 reads it, and newer ones move it up themselves. */
const SCHEMA_VERSION = 39
const COLUMNS = 24
const SIZES = { timeseries: [12, 8], gauge: [12, 8], table: [24, 8], stat: [6, 4] } as const
/** What is chosen at the top of a dashboard, as panels name it. */
const SOURCE = { type: 'prometheus', uid: `\${datasource}` } as const

/** One dashboard in Grafana's own form, to be imported or provisioned. */
export function dashboardOf(board: Board, subject: Subject): object {
  const { name, metrics } = subject
  const panels = board.panels(queriesOf(subject), metrics.providers)
  const text = JSON.stringify(panels)
  return {
    uid: `${name}-${board.slug}`.slice(0, 40),
    title: `MCP, ${board.title}`,
    description: board.about,
    tags: ['mcp-vitals', name],
    schemaVersion: SCHEMA_VERSION,
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-1h', to: 'now' },
    timezone: 'browser',
    links: [
      {
        type: 'dashboards',
        title: 'MCP',
        tags: [name],
        asDropdown: true,
        includeVars: true,
        keepTime: true,
        targetBlank: false,
        icon: 'external link',
        tooltip: '',
      },
    ],
    annotations: { list: [] },
    templating: { list: variablesOf(text, metrics.prefix) },
    panels: placed(panels),
  }
}

/** The source, and what the panels' expressions are narrowed by. */
function variablesOf(text: string, prefix: string): readonly object[] {
  const server = fullName(mcp.server_up, prefix)
  const tool = fullName(mcp.tool_calls_total, prefix)
  const chosen = (word: string) => text.includes(`$${word}`)
  return [
    { type: 'datasource', name: 'datasource', label: 'Data source', query: 'prometheus' },
    ...(chosen('server') ? [variable('server', 'Server', `label_values(${server}, server)`)] : []),
    ...(chosen('tool')
      ? [variable('tool', 'Tool', `label_values(${tool}${chosen('server') ? '{server=~"$server"}' : ''}, tool)`)]
      : []),
  ]
}

const variable = (name: string, label: string, query: string) => ({
  type: 'query',
  name,
  label,
  datasource: SOURCE,
  query: { query, refId: name },
  definition: query,
  refresh: 2,
  sort: 1,
  multi: true,
  includeAll: true,
  // Also what has an empty label: a call of no tool.
  allValue: '.*',
  current: { text: ['All'], value: ['$__all'] },
})

/** From left to right, then below. */
function placed(panels: readonly Panel[]): readonly object[] {
  let [x, y, height] = [0, 0, 0]
  return panels.map((panel, index) => {
    const [w, h] = SIZES[panel.type]
    if (x + w > COLUMNS || (height > 0 && h !== height)) [x, y, height] = [0, y + height, 0]
    const gridPos = { x, y, w, h }
    ;[x, height] = [x + w, h]
    return panelOf(panel, index + 1, gridPos)
  })
}

function panelOf(panel: Panel, id: number, gridPos: object): object {
  const { title, type, about, targets } = panel
  return {
    id,
    title,
    type,
    ...(about !== undefined && { description: about }),
    gridPos,
    datasource: SOURCE,
    fieldConfig: { defaults: defaultsOf(panel), overrides: [] },
    options: OPTIONS[type],
    targets: targets.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode(65 + index),
      datasource: SOURCE,
      expr,
      ...(type === 'table' ? { format: 'table', instant: true } : { legendFormat: legend, range: true }),
    })),
  }
}

function defaultsOf({ type, unit, limits, max }: Panel): object {
  const [yellow, red] = limits ?? []
  const steps = [
    { color: 'green', value: null },
    ...(yellow === undefined ? [] : [{ color: 'yellow', value: yellow }]),
    ...(red === undefined ? [] : [{ color: 'red', value: red }]),
  ]
  return {
    unit,
    min: 0,
    ...(max !== undefined && { max }),
    color: { mode: type === 'timeseries' ? 'palette-classic' : 'thresholds' },
    thresholds: { mode: 'absolute', steps },
    ...(type === 'timeseries' && { custom: { drawStyle: 'line', fillOpacity: 10, lineWidth: 1, spanNulls: false } }),
  }
}

const LAST = { calcs: ['lastNotNull'], fields: '', values: false }
const OPTIONS = {
  timeseries: {
    legend: { displayMode: 'list', placement: 'bottom', showLegend: true, calcs: [] },
    tooltip: { mode: 'multi', sort: 'desc' },
  },
  stat: {
    graphMode: 'area',
    colorMode: 'value',
    justifyMode: 'auto',
    textMode: 'value',
    orientation: 'auto',
    reduceOptions: LAST,
  },
  gauge: { showThresholdLabels: false, showThresholdMarkers: true, orientation: 'auto', reduceOptions: LAST },
  table: { showHeader: true, cellHeight: 'sm' },
} as const
