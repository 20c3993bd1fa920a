/** Readings of the machine, of our own process and of server processes: taken when metrics are collected. */
import { counter, gauge } from './declare.js'

const bytes = { unit: 'bytes' } as const
const seconds = { unit: 'seconds' } as const

export const HOST_METRICS = {
  memory_usage_bytes: gauge('Resident memory of this process.', [], { ...bytes, merge: 'sum' }),
  cpu_usage_percent: gauge('CPU use of this process since the last collection; 100 is one core.', [], { merge: 'sum' }),
  uptime_seconds: gauge('Time since this process started.', [], { ...seconds, merge: 'min' }),
  event_loop_delay_seconds: gauge(
    'How late timers of this process came since the last collection. statistic: p50, p99 or max.',
    ['statistic'],
    { ...seconds, merge: 'max' },
  ),
  event_loop_utilization_ratio: gauge(
    'Part of the time in which the event loop was busy since the last collection.',
    [],
    {
      merge: 'max',
    },
  ),
  host_uptime_seconds: gauge('Time since the machine started.', [], { ...seconds, merge: 'min' }),
  host_cpu_usage_percent: gauge('CPU use of the machine since the last collection; 100 is all of its cores.', [], {
    merge: 'max',
  }),
  host_memory_usage_bytes: gauge('Memory of the machine by state: used or available.', ['state'], {
    ...bytes,
    merge: 'sum',
  }),
  disk_io_bytes_per_second: gauge(
    'Disk I/O of the machine since the last collection. direction: read or write.',
    ['direction'],
    {
      merge: 'sum',
    },
  ),
  disk_io_bytes_total: counter(
    'Disk I/O of the machine since it started. direction: read or write.',
    ['direction'],
    bytes,
  ),
  network_io_bytes_per_second: gauge(
    'Network I/O of the machine since the last collection, loopback aside. direction: receive or transmit.',
    ['direction'],
    { merge: 'sum' },
  ),
  network_io_bytes_total: counter(
    'Network I/O of the machine since it started, loopback aside. direction: receive or transmit.',
    ['direction'],
    bytes,
  ),
  config_last_reload_successful: gauge(
    '1: the configuration was taken when it was read last. 0: it was refused, and changed nothing.',
    [],
    {
      merge: 'min',
    },
  ),
  config_last_reload_success_timestamp_seconds: gauge('When a configuration was taken last, seconds since 1970.', [], {
    ...seconds,
    merge: 'max',
  }),
  config_restart_pending: gauge('Options that differ in the configuration read last and need a restart.', [], {
    merge: 'max',
  }),
  gateway_sessions: gauge('Sessions that the gateway holds open now.', ['server'], { merge: 'sum' }),
  gateway_children: gauge('Server processes that the gateway started and that run.', ['server'], { merge: 'sum' }),
  gateway_orphans: gauge(
    'Processes that a server process of the gateway started and that outlive it; they are ended, so it is 0 but for seconds.',
    ['server'],
    { merge: 'sum' },
  ),
  server_processes: gauge('Processes of the server that run on this machine, with all that they started.', ['server'], {
    merge: 'sum',
  }),
  server_memory_usage_bytes: gauge("Resident memory of the server's processes on this machine.", ['server'], {
    ...bytes,
    merge: 'sum',
  }),
  server_cpu_seconds_total: counter(
    "CPU time of the server's processes on this machine, as seen at collections.",
    ['server'],
    seconds,
  ),
} as const
