import { MCP_METHODS } from '../mcp/index.js'

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
