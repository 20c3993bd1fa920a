/** What a program's own clients asked, and were asked: told by `instrumentClient`, and no business of a server's metrics. */
import type { Event, EventOf } from '../event/index.js'
import { STREAMING_METHODS } from '../mcp/index.js'
import { CATALOGUE } from './catalogue.js'
import { OVERFLOW } from './family.js'
import { LabelValues } from './labels.js'
import { mcpMethodLabel, statusLabel } from './methods.js'
import { foldOpenTelemetry } from './otel.js'
import type { Registry } from './registry.js'
import { callStatus, isToolCall } from './requests.js'
import { Tools, UNKNOWN_TOOL } from './tools.js'

const { mcp } = CATALOGUE

/** Bounds of what is remembered. */
export interface ClientLimits {
  /** Most servers whose names are labels; all further ones share the label `other`. */
  readonly maxServers: number
  /** Of each server. */
  readonly maxTools: number
  readonly maxLabelValues: number
  readonly maxSessions: number
}

/** What the clients of one server have in common. */
class Upstream {
  readonly values: LabelValues
  readonly tools: Tools
  /** Session → what it agreed on. */
  readonly revisions = new Map<string, string>()

  constructor(
    readonly label: string,
    readonly registry: Registry,
    { maxTools, maxLabelValues }: ClientLimits,
  ) {
    this.values = new LabelValues(maxLabelValues, (metric) => registry.overflowed(metric))
    this.tools = new Tools(maxTools)
  }
}

/** Moves the metrics of clients. */
export class Clients {
  readonly #registry: Registry
  readonly #limits: ClientLimits
  readonly #upstreams = new Map<string, Upstream>()
  #others: Upstream | undefined

  constructor(registry: Registry, limits: ClientLimits) {
    this.#registry = registry
    this.#limits = limits
  }

  /** Takes one event that a client's program told. `opentelemetry`: moves those names as well. */
  fold(event: Event, opentelemetry: boolean): void {
    const upstream = this.#of(event.server)
    const { session } = event
    if (event.type === 'session.opened') this.#opened(upstream, event)
    if (event.type === 'tools.listed') for (const tool of event.tools) upstream.tools.learn(tool)
    const tool = event.type === 'request.ended' ? foldRequest(event, upstream) : ''
    if (opentelemetry) {
      const revision = session === undefined ? undefined : upstream.revisions.get(session)
      foldOpenTelemetry(event, upstream, tool, revision)
    }
    if (event.type === 'session.closed' && session !== undefined) upstream.revisions.delete(session)
  }

  #opened({ revisions }: Upstream, { session, protocolVersion }: EventOf<'session.opened'>): void {
    if (session === undefined || protocolVersion === undefined) return
    if (revisions.size < this.#limits.maxSessions) revisions.set(session, protocolVersion)
  }

  #of(name: string): Upstream {
    const known = this.#upstreams.get(name)
    if (known) return known
    const isRoom = this.#upstreams.size < this.#limits.maxServers
    if (!isRoom) {
      this.#registry.overflowed(mcp.client_requests_total)
      this.#others ??= new Upstream(OVERFLOW, this.#registry, this.#limits)
      return this.#others
    }
    const made = new Upstream(name, this.#registry, this.#limits)
    this.#upstreams.set(name, made)
    return made
  }
}

/** Moves what counts requests, and returns the tool's label; empty where it is no call of one. */
function foldRequest(event: EventOf<'request.ended'>, { label, registry, tools }: Upstream): string {
  const method = mcpMethodLabel(event.method)
  if (method === OVERFLOW) registry.overflowed(mcp.client_requests_total)
  registry
    .counter(mcp.client_requests_total)
    .with(label, method, event.direction, statusLabel(event.status))
    .inc(1, event)
  if (event.direction === 'client_to_server' && !STREAMING_METHODS.has(event.method))
    registry
      .histogram(mcp.client_request_duration_seconds)
      .with(label, method)
      .observe(event.durationMs / 1000, event)
  if (!isToolCall(event)) return ''
  const { name } = event
  if (name !== undefined && event.outcome === 'ok') tools.learn(name)
  const tool = name !== undefined && tools.has(name) ? name : UNKNOWN_TOOL
  registry.counter(mcp.client_tool_calls_total).with(label, tool, callStatus(event)).inc(1, event)
  return tool
}
