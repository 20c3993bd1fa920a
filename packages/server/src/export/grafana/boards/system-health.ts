import { CATALOGUE } from '@mcp-vitals/instrument/metrics'
import { type Board, gauged, lines, rated } from '../board.js'

const { mcp, mcp_vitals: vitals } = CATALOGUE

export const systemHealth: Board = {
  slug: 'system-health',
  title: 'System Health',
  about: 'The machine, the servers’ processes and mcp-vitals itself.',
  panels: (q) => [
    lines('CPU', 'percent', [
      { expr: q.select(mcp.host_cpu_usage_percent), legend: 'machine' },
      { expr: q.select(mcp.cpu_usage_percent), legend: 'mcp-vitals' },
    ]),
    lines('Memory', 'bytes', [
      { expr: q.select(mcp.host_memory_usage_bytes), legend: 'machine, {{state}}' },
      { expr: q.select(mcp.memory_usage_bytes), legend: 'mcp-vitals' },
    ]),
    lines('Disk I/O', 'Bps', { expr: q.select(mcp.disk_io_bytes_per_second), legend: '{{direction}}' }),
    lines('Network', 'Bps', { expr: q.select(mcp.network_io_bytes_per_second), legend: '{{direction}}' }),
    lines('CPU of Servers', 'percentunit', rated(q, mcp.server_cpu_seconds_total, ['server'])),
    lines('Memory of Servers', 'bytes', gauged(q, mcp.server_memory_usage_bytes, ['server'])),
    lines('Uptime of Servers', 's', gauged(q, mcp.server_uptime_seconds, ['server'])),
    lines('Delay of the Event Loop', 's', { expr: q.select(mcp.event_loop_delay_seconds), legend: '{{statistic}}' }),
    lines('Events', 'cps', rated(q, vitals.events_total, ['type'])),
    lines('Events Written', 'cps', rated(q, vitals.sink_events_written_total, ['sink'])),
    lines('Store and Series', 'bytes', [
      { expr: q.select(vitals.store_used_bytes), legend: 'store' },
      { expr: q.select(vitals.series_memory_bytes), legend: 'series, {{resolution}}' },
    ]),
    lines('Series Remembered', 'short', { expr: q.select(vitals.series_kept), legend: 'series' }),
  ],
}
