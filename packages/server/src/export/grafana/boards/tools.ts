import { CATALOGUE } from '@mcp-vitals/instrument/metrics'
import { type Board, gauged, lines, quantiles, rated, stat } from '../board.js'

const { mcp } = CATALOGUE
const TOOL = ['server', 'tool']

export const tools: Board = {
  slug: 'tools',
  title: 'Tools',
  about: 'Calls of tools: how many, how long, how large, and which fail.',
  panels(q) {
    const calls = (matchers: string) => q.by('sum', mcp.tool_calls_total, TOOL, q.rate(mcp.tool_calls_total, matchers))
    return [
      stat('Tools Available', 'short', q.by('sum', mcp.tool_availability, [], q.select(mcp.tool_availability))),
      lines('Tool Call Rate', 'cps', rated(q, mcp.tool_calls_total, [...TOOL, 'status'])),
      q.has(mcp.tool_calls_total, 'status')
        ? lines('Tool Failures', 'percentunit', {
            expr: `${calls('status="error"')} / ${calls('')}`,
            legend: rated(q, mcp.tool_calls_total, TOOL).legend,
          })
        : lines('Tool Failures', 'cps', rated(q, mcp.errors_total, TOOL, 'tool!=""')),
      lines('Tool Call Duration', 's', quantiles(q, mcp.tool_call_duration_seconds, TOOL, [0.5, 0.95])),
      lines('Tool Result Size (95th percentile)', 'bytes', quantiles(q, mcp.tool_result_size_bytes, TOOL)),
      lines('Tool Result Tokens (95th percentile, estimated)', 'short', quantiles(q, mcp.tool_result_tokens, TOOL)),
      lines('Tokens of All Definitions (estimated)', 'short', gauged(q, mcp.tools_list_tokens, ['server'])),
      lines('Tool Availability', 'short', gauged(q, mcp.tool_availability, ['server', 'tool_name']), { max: 1 }),
      lines('Timeouts', 'cps', rated(q, mcp.timeouts_total, TOOL)),
    ]
  },
}
