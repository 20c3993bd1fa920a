import { NO_TOKEN } from './bounds.js'
import type { Captured } from './paths.js'

/** `other`: valid JSON that is no JSON-RPC 2.0 message. */
export type Kind = 'request' | 'notification' | 'response' | 'other'

/** What kind of JSON-RPC message these fields belong to. An id of null asks nothing; an error may come without an id. */
export function kindOf(fields: Captured): Kind {
  if (fields.jsonrpc !== '2.0') return 'other'
  const hasId = fields.id !== undefined && fields.id !== 'null' && fields.id !== NO_TOKEN
  if (fields.method !== undefined) return hasId ? 'request' : fields.id === undefined ? 'notification' : 'other'
  if (isFailure(fields)) return 'response'
  return fields.result !== undefined && hasId ? 'response' : 'other'
}

/** Whether an answer carries a JSON-RPC error. */
export function isFailure(fields: Captured): boolean {
  return fields.error === 'object'
}
