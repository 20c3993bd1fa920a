import { randomBytes } from 'node:crypto'
import type { Event, EventOf } from '@mcp-vitals/instrument/event'
import { nanosOf } from '../shared/nanos.js'
import { attributesOf } from './attributes.js'

const KIND_SERVER = 2
const KIND_CLIENT = 3
const STATUS_ERROR = 2
/** Most servers, tools of one server, and sessions that are remembered; beyond it names and revisions are left out. */
const MAX_SERVERS = 1000
const MAX_TOOLS = 1000
const MAX_SESSIONS = 10_000

/**
 * Makes a span of each request that ended, by OpenTelemetry's conventions for MCP (semantic-conventions-genai, in
 * development), as `startTracing` of the library does in a server's own program. A tool has its name in a span once its server
 * vouched for it, by a list or by a call that worked: what a client invents is no name of anything.
 */
export class Spans {
  readonly #tools = new Map<string, Set<string>>()
  readonly #versions = new Map<string, string>()

  /** The spans of these events, by server. */
  of(events: readonly Event[]): ReadonlyMap<string, readonly object[]> {
    const spans = new Map<string, object[]>()
    for (const event of events) {
      if (event.type === 'tools.listed') for (const tool of event.tools) this.#vouch(event.server, tool)
      else if (event.type === 'session.opened') this.#opened(event)
      else if (event.type === 'session.closed') this.#versions.delete(event.session ?? '')
      else if (event.type === 'request.ended') {
        const ofServer = spans.get(event.server) ?? []
        ofServer.push(this.#span(event))
        spans.set(event.server, ofServer)
      }
    }
    return spans
  }

  #span(event: EventOf<'request.ended'>): object {
    const { method, name, outcome, at, durationMs, waitMs = 0, direction, side, session, traceId, parentSpanId } = event
    const isCall = method === 'tools/call'
    if (isCall && name !== undefined && outcome === 'ok') this.#vouch(event.server, name)
    const tool = isCall && name !== undefined && this.#tools.get(event.server)?.has(name) ? name : undefined
    const code = outcome === 'protocol_error' ? event.errorCode : undefined
    const isServer = (direction === 'client_to_server') === (side !== 'client')
    const transport = event.transport === 'stdio' ? 'pipe' : event.transport === 'memory' ? undefined : 'tcp'
    return {
      traceId: traceId ?? randomBytes(16).toString('hex'),
      spanId: randomBytes(8).toString('hex'),
      // Without its trace it names nothing.
      ...(traceId !== undefined && parentSpanId !== undefined && { parentSpanId }),
      name: tool === undefined ? method : `${method} ${tool}`,
      kind: isServer ? KIND_SERVER : KIND_CLIENT,
      startTimeUnixNano: nanosOf(Math.max(0, at - durationMs - waitMs)),
      endTimeUnixNano: nanosOf(at),
      attributes: attributesOf({
        'mcp.method.name': method,
        'gen_ai.operation.name': isCall ? 'execute_tool' : undefined,
        'gen_ai.tool.name': tool,
        'error.type': outcome === 'ok' ? undefined : (code ?? outcome),
        'rpc.response.status_code': code,
        'mcp.protocol.version': session === undefined ? undefined : this.#versions.get(session),
        'mcp.session.id': session,
        'network.transport': event.transport === undefined ? undefined : transport,
      }),
      ...(outcome !== 'ok' && { status: { code: STATUS_ERROR } }),
    }
  }

  #vouch(server: string, tool: string): void {
    const tools = this.#tools.get(server) ?? new Set()
    if (tools.size === 0) {
      if (this.#tools.size >= MAX_SERVERS) return
      this.#tools.set(server, tools)
    }
    if (tools.size < MAX_TOOLS) tools.add(tool)
  }

  #opened({ session, protocolVersion }: EventOf<'session.opened'>): void {
    if (session === undefined || protocolVersion === undefined) return
    if (this.#versions.size >= MAX_SESSIONS) this.#versions.delete(this.#versions.keys().next().value!)
    this.#versions.set(session, protocolVersion)
  }
}
