import { CATALOGUE } from '@mcp-vitals/instrument/metrics'
import { type Board, dials, gauged, lines, quantiles, rated } from '../board.js'
import { legendOf } from '../queries.js'

const { mcp } = CATALOGUE

export const queue: Board = {
  slug: 'queue',
  title: 'Queue',
  about: 'What waits: jobs of plugins, and calls that were passed on and have no answer yet.',
  panels: (q) => [
    dials(
      'Queue Size',
      'short',
      { expr: q.select(mcp.queue_size), legend: legendOf(q.kept(mcp.queue_size, ['plugin'])) },
      { limits: [50, 100], max: 200 },
    ),
    lines('Queue Size over Time', 'short', gauged(q, mcp.queue_size, ['plugin'])),
    lines('Queue Wait', 's', quantiles(q, mcp.queue_wait_seconds, ['plugin'], [0.5, 0.95])),
    lines('Jobs', 'cps', rated(q, mcp.queue_jobs_total, ['plugin', 'action'])),
    lines('Tool Calls without an Answer yet', 'short', gauged(q, mcp.queue_depth, ['server'])),
  ],
}
