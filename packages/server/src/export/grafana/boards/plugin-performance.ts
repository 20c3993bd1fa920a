import { CATALOGUE } from '@mcp-vitals/instrument/metrics'
import { type Board, lines, quantiles, rated } from '../board.js'
import { legendOf } from '../queries.js'

const { mcp } = CATALOGUE
const COMMAND = ['plugin', 'command']

export const pluginPerformance: Board = {
  slug: 'plugin-performance',
  title: 'Plugin Performance',
  about: 'Commands of plugins: how often they run, how many succeed, how long they take and wait.',
  panels(q) {
    const runs = (matchers: string) =>
      q.by('sum', mcp.plugin_executions_total, COMMAND, q.rate(mcp.plugin_executions_total, matchers))
    const legend = legendOf(q.kept(mcp.plugin_executions_total, COMMAND))
    return [
      lines('Plugin Execution Rate', 'cps', { expr: q.rate(mcp.plugin_executions_total), legend }),
      lines(
        'Plugin Success Rate',
        'percentunit',
        { expr: `${runs('status="success"')} / ${runs('')}`, legend },
        { max: 1 },
      ),
      lines(
        'Plugin Execution Duration',
        's',
        quantiles(q, mcp.plugin_execution_duration_seconds, COMMAND, [0.5, 0.95]),
      ),
      lines('Queue Wait (95th percentile)', 's', quantiles(q, mcp.queue_wait_seconds, ['plugin'])),
      lines('Plugin Failures', 'cps', rated(q, mcp.plugin_executions_total, COMMAND, 'status="error"')),
    ]
  },
}
