/** The attributes of a span by the conventions of semantic-conventions-genai (all in development). */
import type { Attributes } from '@opentelemetry/api'
import { MCP_METHODS, NAMED_METHODS } from '../mcp/index.js'
import type { Link } from '../vitals/index.js'
import { nameOf, type Thing, thingOf } from './shapes.js'

const REVISION = /^\d{4}-\d\d-\d\d$/
const PROTOCOL_VERSION = 'io.modelcontextprotocol/protocolVersion'

/** What a request or notification is about. */
export interface Subject {
  /** As the message has it. */
  readonly method: string
  /** The tool or prompt that it names. */
  readonly name: string | undefined
  readonly attributes: Attributes
}

/** The revision that a text names; undefined where it is none. */
export function revisionOf(value: unknown): string | undefined {
  return typeof value === 'string' && REVISION.test(value) ? value : undefined
}

/** `version`: the revision that the connection agreed on. */
export function subjectOf(message: Thing, link: Link, version: string | undefined, withUris: boolean): Subject {
  const method = message.method as string
  const params = thingOf(message.params)
  const attributes: Attributes = { 'mcp.method.name': MCP_METHODS.has(method) ? method : 'other' }
  if (message.id !== undefined) attributes['jsonrpc.request.id'] = nameOf(String(message.id))
  const spoken = revisionOf(thingOf(params?._meta)?.[PROTOCOL_VERSION]) ?? version
  if (spoken !== undefined) attributes['mcp.protocol.version'] = spoken
  if (link.session !== undefined) attributes['mcp.session.id'] = link.session
  if (link.transport === 'stdio') attributes['network.transport'] = 'pipe'
  else if (link.transport === 'http' || link.transport === 'sse') {
    attributes['network.transport'] = 'tcp'
    attributes['network.protocol.name'] = 'http'
  }
  if (method === 'tools/call') attributes['gen_ai.operation.name'] = 'execute_tool'
  if (withUris && typeof params?.uri === 'string') attributes['mcp.resource.uri'] = params.uri
  return { method, name: NAMED_METHODS.has(method) ? nameOf(params?.name) : undefined, attributes }
}

/** Which attribute holds the name of what this method is about. */
export function nameAttribute(method: string): string {
  return method === 'tools/call' ? 'gen_ai.tool.name' : 'gen_ai.prompt.name'
}
