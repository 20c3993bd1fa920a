import { CATALOGUE } from '@mcp-vitals/instrument/metrics'
import { type Board, lines, quantiles, rated } from '../board.js'
import { legendOf } from '../queries.js'

const { mcp } = CATALOGUE
const ROUTE = ['method', 'path']

export const httpRequests: Board = {
  slug: 'http-requests',
  title: 'HTTP Requests',
  about: 'Raw HTTP exchanges, whatever MCP makes of them.',
  panels: (q) => [
    lines('HTTP Request Rate', 'reqps', {
      expr: q.rate(mcp.http_requests_total),
      legend: legendOf(q.kept(mcp.http_requests_total, ROUTE)),
    }),
    lines('HTTP Request Duration (95th percentile)', 's', quantiles(q, mcp.http_request_duration_seconds, ROUTE)),
    lines('HTTP Error Rate', 'reqps', rated(q, mcp.http_requests_total, ROUTE, 'status=~"5.."'), {
      about: 'Answers with a status of 500 or above.',
    }),
    lines('HTTP Statuses', 'reqps', rated(q, mcp.http_requests_total, ['status'])),
    lines('HTTP Request Size (95th percentile)', 'bytes', quantiles(q, mcp.http_request_size_bytes, ROUTE)),
    lines('HTTP Response Size (95th percentile)', 'bytes', quantiles(q, mcp.http_response_size_bytes, ROUTE)),
  ],
}
