/** Readings of the machine, this process and server processes, taken when metrics are collected and at no other time. */
import { uptime } from 'node:os'
import { CATALOGUE, type Metric, type Registry } from '@mcp-vitals/instrument/metrics'
import type { Fold } from '@mcp-vitals/instrument/stream'
import { followChildren } from './children.js'
import { watchEventLoop } from './event-loop.js'
import { readMachine } from './machine.js'
import { pageBytes } from './processes.js'

const { mcp } = CATALOGUE
/** Rates are read over at least this long: two scrapers at once see the same numbers. Milliseconds. */
const LEAST_INTERVAL_MS = 1_000

export interface Host {
  /** Learns of server processes. */
  readonly fold: Fold
  /** Has the readings taken at each collection of `registry`. */
  expose(registry: Registry): void
  /** Tells no more of a server, until one of its processes runs. */
  forget(server: string): void
  /** Ends the looking at the event loop. */
  stop(): void
}

/** `clock`: monotonic milliseconds. */
export function createHost(clock: () => number): Host {
  const children = followChildren(pageBytes())
  const loop = watchEventLoop()
  let last: Sample | undefined

  function exposeRates(registry: Registry): void {
    const now = sample(clock())
    exposeTotals(registry, now)
    if (last && now.at - last.at < LEAST_INTERVAL_MS) return
    if (last) exposeDifferences(registry, last, now)
    exposeLoop(registry, loop.read())
    last = now
  }

  return {
    fold: children.fold,
    expose(registry) {
      last = sample(clock())
      exposeDifferences(registry, { ...last, at: last.at - process.uptime() * 1000, ownCpuSeconds: 0 }, last)
      registry.onCollect(() => {
        registry.gauge(mcp.memory_usage_bytes).with().set(process.memoryUsage.rss())
        registry.gauge(mcp.uptime_seconds).with().set(process.uptime())
        registry.gauge(mcp.host_uptime_seconds).with().set(uptime())
        exposeRates(registry)
        for (const [server, { processes, memoryBytes, cpuSeconds }] of children.read()) {
          registry.gauge(mcp.server_processes).with(server).set(processes)
          registry.gauge(mcp.server_memory_usage_bytes).with(server).set(memoryBytes)
          registry.counter(mcp.server_cpu_seconds_total).with(server).raiseTo(cpuSeconds)
        }
      })
    },
    forget: children.forget,
    stop: loop.stop,
  }
}

type Sample = ReturnType<typeof sample>

function sample(at: number) {
  const { user, system } = process.cpuUsage()
  return { at, ownCpuSeconds: (user + system) / 1e6, ...readMachine() }
}

function exposeTotals(registry: Registry, { memory, disk, network }: Sample): void {
  registry.gauge(mcp.host_memory_usage_bytes).with('used').set(memory.usedBytes)
  registry.gauge(mcp.host_memory_usage_bytes).with('available').set(memory.availableBytes)
  for (const [direction, bytes] of Object.entries(disk ?? {}))
    registry.counter(mcp.disk_io_bytes_total).with(direction).raiseTo(bytes)
  for (const [direction, bytes] of Object.entries(network ?? {}))
    registry.counter(mcp.network_io_bytes_total).with(direction).raiseTo(bytes)
}

function exposeDifferences(registry: Registry, before: Sample, now: Sample): void {
  const seconds = (now.at - before.at) / 1000
  registry
    .gauge(mcp.cpu_usage_percent)
    .with()
    .set((100 * (now.ownCpuSeconds - before.ownCpuSeconds)) / seconds)
  if (now.cpu && before.cpu) {
    const total = now.cpu.totalSeconds - before.cpu.totalSeconds
    const busy = now.cpu.busySeconds - before.cpu.busySeconds
    if (total > 0)
      registry
        .gauge(mcp.host_cpu_usage_percent)
        .with()
        .set((100 * Math.max(0, busy)) / total)
  }
  setRates(registry, mcp.disk_io_bytes_per_second, seconds, before.disk, now.disk)
  setRates(registry, mcp.network_io_bytes_per_second, seconds, before.network, now.network)
}

type Totals = Readonly<Record<string, number>> | undefined

function setRates(
  registry: Registry,
  metric: Metric<readonly ['direction'], 'gauge'>,
  seconds: number,
  before: Totals,
  now: Totals,
): void {
  for (const [direction, bytes] of Object.entries(now ?? {}))
    registry
      .gauge(metric)
      .with(direction)
      .set(Math.max(0, bytes - (before?.[direction] ?? bytes)) / seconds)
}

function exposeLoop(
  registry: Registry,
  { delay, utilization }: ReturnType<ReturnType<typeof watchEventLoop>['read']>,
): void {
  registry.gauge(mcp.event_loop_utilization_ratio).with().set(utilization)
  for (const [statistic, seconds] of Object.entries(delay ?? {}))
    registry.gauge(mcp.event_loop_delay_seconds).with(statistic).set(seconds)
}
