import { CATALOGUE } from './catalogue.js'
import type { Registry } from './registry.js'

const { mcp, mcp_vitals: vitals } = CATALOGUE

/** What is open at one server behind a gateway. */
export interface GatewayLoad {
  readonly sessions: number
  /** Processes that the gateway started and that run. */
  readonly children: number
  /** Processes that such a child started, and that outlive it. */
  readonly orphans: number
}

/** What a gateway counts since it was made. */
export interface GatewayReadings {
  readonly junkLines: number
  readonly undelivered: number
  readonly observerFaults: number
  readonly evictedSessions: number
  readonly cutRequests: number
}

/** Exposes what is open at each server, and what the gateway counts, read at every collection. */
export function watchGateway(
  registry: Registry,
  loads: () => ReadonlyMap<string, GatewayLoad>,
  read: () => GatewayReadings,
): void {
  const gauges = [
    [mcp.gateway_sessions, 'sessions'],
    [mcp.gateway_children, 'children'],
    [mcp.gateway_orphans, 'orphans'],
  ] as const
  let shown: ReadonlySet<string> = new Set()
  registry.onCollect(() => {
    const now = loads()
    for (const [metric, what] of gauges) {
      for (const [server, load] of now) registry.gauge(metric).with(server).set(load[what])
      for (const server of shown) if (!now.has(server)) registry.remove(metric, server)
    }
    shown = new Set(now.keys())
    const { junkLines, undelivered, observerFaults, evictedSessions, cutRequests } = read()
    registry.counter(vitals.gateway_junk_lines_total).with().raiseTo(junkLines)
    registry.counter(vitals.gateway_undelivered_total).with().raiseTo(undelivered)
    registry.counter(vitals.gateway_observer_faults_total).with().raiseTo(observerFaults)
    registry.counter(vitals.gateway_sessions_evicted_total).with().raiseTo(evictedSessions)
    registry.counter(vitals.gateway_requests_cut_total).with().raiseTo(cutRequests)
  })
}
