import { CATALOGUE, processMetrics, watchProcess } from '../metrics/index.js'
import { vitals } from '../vitals/index.js'
import { shippings } from './ship.js'

const { mcp, mcp_vitals: own } = CATALOGUE
const MICROSECONDS = 1e6

/** Has the metrics of this process say what memory and CPU it uses, and how shipping goes, read when they are collected. */
export function measureProcess(): void {
  vitals().share('readings', () => {
    const { registry } = processMetrics()
    const cpuSeconds = () => {
      const { user, system } = process.cpuUsage()
      return (user + system) / MICROSECONDS
    }
    let last = { cpu: cpuSeconds(), at: performance.now() }
    const startTimeSeconds = Date.now() / 1000 - process.uptime()
    watchProcess(registry, { cpuSeconds, residentMemoryBytes: () => process.memoryUsage.rss(), startTimeSeconds })
    registry.onCollect(() => {
      const now = { cpu: cpuSeconds(), at: performance.now() }
      const seconds = (now.at - last.at) / 1000
      // Scrapes that follow each other at once would measure nothing but themselves.
      if (seconds >= 0.1) {
        registry
          .gauge(mcp.cpu_usage_percent)
          .with()
          .set(((now.cpu - last.cpu) / seconds) * 100)
        last = now
      } else registry.gauge(mcp.cpu_usage_percent).with()
      registry.gauge(mcp.memory_usage_bytes).with().set(process.memoryUsage.rss())
      registry.gauge(mcp.uptime_seconds).with().set(process.uptime())
    })
    registry.onCollect(() => {
      const stats = shippings().current?.stats()
      if (!stats) return
      registry.counter(own.sink_events_written_total).with('ship').raiseTo(stats.highWater)
      registry.counter(own.sink_events_dropped_total).with('ship', 'overflow').raiseTo(stats.dropped)
      registry.gauge(own.sink_queue_events).with('ship').set(stats.waiting)
    })
    return true
  })
}
