import { Activity, type ActivityLimits, evidenceOf } from '../activity/index.js'
import type { Event } from '../event/index.js'
import type { Entrance } from '../stream/index.js'
import { AnswerSeries, CallSeries } from './answers.js'
import { CATALOGUE, METRICS } from './catalogue.js'
import { OVERFLOW } from './family.js'
import { LabelValues } from './labels.js'
import { ListSize } from './list-size.js'
import { OpenThings } from './open-things.js'
import type { Registry } from './registry.js'
import { Tools, UNKNOWN_TOOL } from './tools.js'

const { mcp, mcp_vitals: vitals } = CATALOGUE

/** How a tool call ended, as the `status` label says it. All three start at 0 when a tool becomes known. */
export const CALL_STATUSES = ['success', 'error', 'cancelled'] as const

/** Metrics whose first labels are the server and the tool: their series end with the tool. */
const TOOL_METRICS = METRICS.filter(({ labels }) => labels[0] === 'server' && /^tool(_name)?$/.test(labels[1] ?? ''))

/** Bounds of what is remembered of one server. */
export interface ServerLimits extends ActivityLimits {
  /** Most tools whose names are labels. */
  readonly maxTools: number
  /** Most values of each label whose values come from senders: channels, plugins, paths, reasons and the like. */
  readonly maxLabelValues: number
  /** Most agents, and most voice sessions, that are counted as active. */
  readonly maxActive: number
}

/** What the metrics remember of one MCP server between events: its tools, whether it is up, what is open. */
export class WatchedServer {
  readonly activity: Activity
  /** Bounds the labels that senders fill. */
  readonly values: LabelValues
  /** Agents provisioned and not deprovisioned; voice sessions started and not ended. */
  readonly agents: OpenThings
  readonly voices: OpenThings
  readonly listSize = new ListSize()
  readonly #tools: Tools
  readonly #answers = new Map<string, AnswerSeries>()
  readonly #calls = new Map<string, CallSeries>()
  readonly #now: () => number
  #up: boolean | undefined
  #upSince = 0
  /** When its last event came, milliseconds since 1970. */
  heardAt: number

  /** `label` is the value of the `server` label; `now` gives milliseconds since 1970. */
  constructor(
    readonly label: string,
    readonly registry: Registry,
    limits: ServerLimits,
    now: () => number,
  ) {
    this.#tools = new Tools(limits.maxTools)
    this.values = new LabelValues(limits.maxLabelValues, (metric) => registry.overflowed(metric))
    const untracked = (gauge: { readonly name: string }) => () =>
      registry.counter(vitals.untracked_total).with(gauge.name).inc()
    this.agents = new OpenThings(limits.maxActive, untracked(mcp.active_agents))
    this.voices = new OpenThings(limits.maxActive, untracked(mcp.active_voice_sessions))
    this.#now = now
    this.heardAt = now()
    this.activity = new Activity({
      limits,
      now,
      onUntracked: (what) => untracked(what === 'session' ? mcp.active_sessions : mcp.requests_in_flight)(),
    })
  }

  /** Takes one event of the server: what is open now, and whether the server is up. */
  see(event: Event, entrance: Entrance): void {
    const at = this.#now()
    this.heardAt = at
    this.activity.see(event, entrance, at)
    const evidence = evidenceOf(event, this.activity.processes)
    if (evidence) this.#setUp(evidence === 'up')
  }

  /** The series of answers to this method, given by its label: there are as many as MCP has methods. */
  answersTo(method: string): AnswerSeries {
    const known = this.#answers.get(method)
    if (known) return known
    const made = new AnswerSeries(this.registry, this.label, method)
    this.#answers.set(method, made)
    return made
  }

  /** The series of calls of this tool, given by its label. */
  callsOf(tool: string): CallSeries {
    const known = this.#calls.get(tool)
    if (known) return known
    const made = new CallSeries(this.registry, this.label, tool)
    if (this.#tools.has(tool)) this.#calls.set(tool, made)
    return made
  }

  /** The server named these tools. */
  toolsListed(tools: readonly string[], complete: boolean): void {
    for (const tool of this.#tools.page(tools, complete)) this.#endTool(tool)
    for (const tool of tools) this.toolWorked(tool)
  }

  /** There is this tool: a call of it succeeded, or its server named it. */
  toolWorked(tool: string): void {
    const calls = this.#calls.get(tool)
    if (calls) {
      calls.available()
      return
    }
    if (this.#tools.learn(tool)) this.#startTool(tool)
    if (this.#tools.has(tool)) this.#showTool(tool, true)
  }

  /** The server answered that it has no such tool. */
  toolMissing(tool: string): void {
    if (this.#tools.has(tool)) this.#showTool(tool, false)
  }

  /** Label for a tool that a caller named; `vouched` when the server's answer says that it exists. */
  toolLabel(tool: string | undefined, vouched: boolean): string {
    if (tool !== undefined && this.#tools.has(tool)) return tool
    if (!vouched || tool === undefined) return UNKNOWN_TOOL
    this.registry.overflowed(mcp.tool_calls_total)
    return OVERFLOW
  }

  /** The last evidence says that the server is up, or down; its tools are as available as itself. */
  #setUp(up: boolean): void {
    if (this.#up === up) return
    this.#up = up
    this.#upSince = this.#now()
    this.registry.gauge(mcp.server_up).with(this.label).set(Number(up))
    for (const tool of this.#tools.names()) this.#showTool(tool, up)
  }

  /** Brings the gauges that are read, not counted, up to now. */
  refresh(): void {
    const { label, registry } = this
    const { activity } = this
    activity.sweep()
    registry.gauge(mcp.active_sessions).with(label).set(activity.sessions)
    registry.gauge(mcp.requests_in_flight).with(label).set(activity.requests)
    registry.gauge(mcp.queue_depth).with(label).set(activity.toolCalls)
    registry.gauge(mcp.active_connections).with(label, 'stdio').set(activity.pipes)
    if (this.agents.touched) registry.gauge(mcp.active_agents).with(label).set(this.agents.size)
    if (this.voices.touched) registry.gauge(mcp.active_voice_sessions).with(label).set(this.voices.size)
    if (this.#up === undefined) return
    const seconds = this.#up ? Math.max(0, this.#now() - this.#upSince) / 1000 : 0
    registry.gauge(mcp.server_uptime_seconds).with(label).set(seconds)
  }

  #showTool(tool: string, available: boolean): void {
    this.registry.gauge(mcp.tool_availability).with(this.label, tool).set(Number(available))
  }

  /**
   * A tool that becomes known starts at 0, so that its first failure is seen as a rise. Its durations begin with its first
   * call: they are twenty lines, and most tools of most servers are called by nobody.
   */
  #startTool(tool: string): void {
    const { label, registry } = this
    for (const status of CALL_STATUSES) registry.counter(mcp.tool_calls_total).with(label, tool, status)
    registry.counter(mcp.timeouts_total).with(label, tool)
  }

  #endTool(tool: string): void {
    this.#calls.delete(tool)
    for (const metric of TOOL_METRICS) this.registry.remove(metric, this.label, tool)
  }
}
