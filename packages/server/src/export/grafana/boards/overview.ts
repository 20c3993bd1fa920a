import { CATALOGUE } from '@mcp-vitals/instrument/metrics'
import { type Board, dials, gauged, lines, quantiles, rated, stat } from '../board.js'
import { legendOf } from '../queries.js'

const { mcp } = CATALOGUE
const FAILED = 'status=~"5.."'

export const overview: Board = {
  slug: 'overview',
  title: 'Overview',
  about: 'How the MCP servers are: what comes, what fails, how long it takes and what waits.',
  panels(q) {
    const requests = q.by('sum', mcp.requests_total, [], q.rate(mcp.requests_total))
    const failures = q.by('sum', mcp.requests_total, [], q.rate(mcp.requests_total, FAILED))
    return [
      stat('Servers Up', 'short', q.by('sum', mcp.server_up, [], q.select(mcp.server_up))),
      stat('Requests', 'reqps', requests),
      stat('Failed', 'percentunit', `(${failures} or vector(0)) / ${requests}`, { limits: [0.01, 0.05] }),
      stat('Response Time (95th percentile)', 's', q.quantile(0.95, mcp.request_duration_seconds, []), {
        limits: [1, 5],
      }),
      lines('Request Rate', 'reqps', {
        expr: q.rate(mcp.requests_total),
        legend: legendOf(q.kept(mcp.requests_total, ['method', 'endpoint'])),
      }),
      lines('Error Rate', 'reqps', rated(q, mcp.requests_total, ['method', 'endpoint'], FAILED)),
      lines(
        'Response Time',
        's',
        quantiles(q, mcp.request_duration_seconds, ['method', 'endpoint'], [0.5, 0.95, 0.99]),
      ),
      dials(
        'Queue Size',
        'short',
        { expr: q.select(mcp.queue_size), legend: legendOf(q.kept(mcp.queue_size, ['plugin'])) },
        { limits: [50, 100], max: 200 },
      ),
      lines('Errors by Kind', 'reqps', rated(q, mcp.errors_total, ['type', 'tool', 'reason'])),
      lines('Servers', 'short', gauged(q, mcp.server_up, ['server']), { max: 1 }),
    ]
  },
}
