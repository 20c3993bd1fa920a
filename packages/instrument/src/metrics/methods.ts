import { STREAMING_METHODS } from '../mcp/index.js'

/** The methods that MCP has, in all revisions up to 2026-07-28: what may become a `method` label. */

/** Requests that are answered when the asked thing is done. */
const REQUESTS = [
  'initialize',
  'ping',
  'server/discover',
  'tools/list',
  'tools/call',
  'prompts/list',
  'prompts/get',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'resources/subscribe',
  'resources/unsubscribe',
  'completion/complete',
  'logging/setLevel',
  'tasks/get',
  'tasks/result',
  'tasks/update',
  'tasks/list',
  'tasks/cancel',
  'sampling/createMessage',
  'elicitation/create',
  'roots/list',
] as const

const NOTIFICATIONS = [
  'notifications/initialized',
  'notifications/cancelled',
  'notifications/progress',
  'notifications/message',
  'notifications/tools/list_changed',
  'notifications/prompts/list_changed',
  'notifications/resources/list_changed',
  'notifications/resources/updated',
  'notifications/roots/list_changed',
  'notifications/tasks/status',
  'notifications/elicitation/complete',
  'notifications/subscriptions/acknowledged',
] as const

const MCP_METHODS: ReadonlySet<string> = new Set([...REQUESTS, ...STREAMING_METHODS, ...NOTIFICATIONS])
const HTTP_METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'CONNECT',
  'TRACE',
])

/** The label for a JSON-RPC method: itself where MCP has it, else `other`. */
export function mcpMethodLabel(method: string): string {
  return MCP_METHODS.has(method) ? method : 'other'
}

/** The label for an HTTP method: itself where RFC 9110 or RFC 5789 has it, else `other`. */
export function httpMethodLabel(method: string): string {
  return HTTP_METHODS.has(method) ? method : 'other'
}

/** The label for a status: itself from 100 to 599, else `other`. */
export function statusLabel(status: number): string {
  return Number.isInteger(status) && status >= 100 && status <= 599 ? String(status) : 'other'
}
