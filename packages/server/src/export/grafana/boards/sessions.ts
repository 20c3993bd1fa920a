import { CATALOGUE } from '@mcp-vitals/instrument/metrics'
import { type Board, gauged, lines, quantiles, rated } from '../board.js'

const { mcp } = CATALOGUE

export const sessions: Board = {
  slug: 'sessions',
  title: 'Sessions',
  about: 'Sessions and connections of clients.',
  panels: (q) => [
    lines('Active Sessions', 'short', gauged(q, mcp.active_sessions, ['server'])),
    lines('Session Duration (95th percentile)', 's', quantiles(q, mcp.session_duration_seconds, ['server'])),
    lines('Sessions Ended', 'cps', {
      expr: q.by('sum', mcp.session_duration_seconds, ['server'], q.rate(mcp.session_duration_seconds, '', '_count')),
      legend: q.has(mcp.session_duration_seconds, 'server') ? '{{server}}' : 'all',
    }),
    lines('Active Connections', 'short', gauged(q, mcp.active_connections, ['server', 'transport'])),
    lines('Requests in Flight', 'short', gauged(q, mcp.requests_in_flight, ['server'])),
    lines('Notifications', 'cps', rated(q, mcp.notifications_total, ['method', 'direction'])),
  ],
}
