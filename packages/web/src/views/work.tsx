import type { PluginRow, QueueRow } from '../../../server/src/faces/dashboard/api.js'
import { useRange } from '../lib/data.js'
import { ago, count, milliseconds, number, percent, perSecond, utc } from '../lib/format.js'
import { document$ } from '../lib/live.js'
import { useFrame } from '../lib/promql.js'
import { lookback } from '../lib/range.js'
import { useStore } from '../lib/store.js'
import { Chart } from '../parts/chart.js'
import { Name } from '../parts/name.js'
import { Panel } from '../parts/panel.js'
import { Empty, Status } from '../parts/states.js'
import { type Column, Table } from '../parts/table.js'
import { useMetric } from '../parts/traffic.js'
import { TONE_OF_CONDITION } from '../parts/words.js'

const PLUGINS: readonly Column<PluginRow>[] = [
  { key: 'plugin', label: 'Plugin', value: ({ plugin }) => plugin, cell: ({ plugin }) => <Name text={plugin} /> },
  { key: 'server', label: 'Server', value: ({ server }) => server, cell: ({ server }) => <Name text={server} /> },
  {
    key: 'condition',
    label: 'State',
    value: ({ condition }) => condition,
    cell: ({ condition }) => <Status tone={TONE_OF_CONDITION[condition]}>{condition}</Status>,
  },
  {
    key: 'executions',
    label: 'Runs',
    isNumber: true,
    value: (row) => row.executions,
    cell: (row) => count(row.executions),
  },
  {
    key: 'failed',
    label: 'Failed of the last 100',
    isNumber: true,
    value: (row) => row.errorRatio,
    cell: (row) => percent(row.errorRatio),
  },
  {
    key: 'last',
    label: 'Last run',
    isNumber: true,
    value: (row) => row.lastAt,
    cell: ({ lastAt }) => (lastAt === undefined ? '' : <time title={utc(lastAt)}>{ago(lastAt)}</time>),
  },
]

const QUEUES: readonly Column<QueueRow>[] = [
  { key: 'plugin', label: 'Queue', value: ({ plugin }) => plugin, cell: ({ plugin }) => <Name text={plugin} /> },
  { key: 'server', label: 'Server', value: ({ server }) => server, cell: ({ server }) => <Name text={server} /> },
  { key: 'size', label: 'Waiting', isNumber: true, value: (row) => row.size, cell: (row) => count(row.size) },
  {
    key: 'rate',
    label: 'Done a second',
    isNumber: true,
    value: (row) => row.processedPerSecond,
    cell: (row) => number(row.processedPerSecond),
  },
  {
    key: 'p50',
    label: 'Wait p50',
    isNumber: true,
    value: (row) => row.waitP50Ms,
    cell: (row) => milliseconds(row.waitP50Ms),
  },
  {
    key: 'p95',
    label: 'Wait p95',
    isNumber: true,
    value: (row) => row.waitP95Ms,
    cell: (row) => milliseconds(row.waitP95Ms),
  },
]

/** Plugins that run commands, and the queues that their jobs wait in. */
export function WorkView() {
  const document = useStore(document$)
  const range = useRange()
  const metric = useMetric()
  const runs = useFrame(
    metric && `sum by (plugin, command) (rate(${metric('plugin_executions_total')}[${lookback(range)}]))`,
    range,
  )
  const waiting = useFrame(metric && `sum by (plugin) (${metric('queue_size')})`, range)
  const flight = useFrame(metric && `sum by (server) (${metric('requests_in_flight')})`, range)
  if (!document) return <p class="nothing">Loading …</p>
  const { plugins, queues } = document.queue
  const none = plugins.length === 0 && queues.length === 0
  return (
    <>
      {none ? (
        <Empty title="No plugin and no queue was heard of." line="servers: { scripts: { plugins: mcp/plugins } }">
          <p>Programs in folders, such as mcp/plugins/backup/cli.py, become tools by an entry of the configuration:</p>
        </Empty>
      ) : (
        <div class="panels">
          <Panel title="Plugins" wide>
            <Table
              name="plugins"
              columns={PLUGINS}
              rows={plugins}
              keyOf={(row) => `${row.server}\n${row.plugin}`}
              sort="plugin"
              empty={<p class="nothing">No plugin was heard of.</p>}
            />
          </Panel>
          <Panel title="Queues" wide>
            <Table
              name="queues"
              columns={QUEUES}
              rows={queues}
              keyOf={(row) => `${row.server}\n${row.plugin}`}
              sort="-size"
              parameter="queues"
              empty={<p class="nothing">No queue was heard of.</p>}
            />
          </Panel>
        </div>
      )}
      <div class="charts">
        <Chart
          title="Requests in flight"
          answer={flight}
          format={number}
          name={({ server = '' }) => server}
          least={1}
        />
        <Chart
          title="Runs of plugins a second"
          answer={runs}
          format={perSecond}
          name={({ plugin = '', command = '' }) => `${plugin} ${command}`}
          least={0.1}
        />
        <Chart title="Jobs that wait" answer={waiting} format={number} name={({ plugin = '' }) => plugin} least={1} />
      </div>
    </>
  )
}
