import type { KeyProblem } from './keys.js'
import type { LimitName } from './options.js'
import type { Misfit } from './schema-types.js'

/** Why a request or a message does not pass, as its client is told. */
export interface Refusal {
  /** HTTP status, where the whole request is refused. */
  readonly status: number
  /** JSON-RPC error code. */
  readonly code: number
  readonly message: string
  readonly data?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

const TRANSPORT = -32000
const INVALID_PARAMS = -32602
const METHOD_NOT_FOUND = -32601

/** Why a key does not open a server: `missing`, `in_address` and `in_header` are no attempts to guess. */
export type AuthReason = KeyProblem | 'missing' | 'in_address' | 'in_header' | 'server_not_allowed' | 'locked_out'
/** Names of the limits, as metrics label them. */
export type LimitType = LimitName | 'request_size' | 'budget'
/** Who does not let a tool be called: the key, or the doors of the server for all. */
export type ToolProblem = 'key' | 'server'

const AUTH_WORDS: Readonly<Record<Exclude<AuthReason, 'locked_out' | 'server_not_allowed'>, string>> = {
  missing: 'This server needs a key in the header X-MCP-Vitals-Key.',
  in_address:
    'A key never stands in an address, where logs keep it: send it in the header X-MCP-Vitals-Key, and revoke this one.',
  in_header:
    'A key stands in the header X-MCP-Vitals-Key alone, which goes no further than this gateway: take it out of the others.',
  malformed: 'The header X-MCP-Vitals-Key holds no key.',
  unknown: 'The key in X-MCP-Vitals-Key is not known.',
  expired: 'The key in X-MCP-Vitals-Key has expired.',
  revoked: 'The key in X-MCP-Vitals-Key was revoked.',
}

/** The refusal of a caller without a key that opens the server. */
export function unauthorized(reason: keyof typeof AUTH_WORDS): Refusal {
  const status = reason === 'in_address' || reason === 'in_header' ? 400 : 401
  const next = ' One is made with: mcp-vitals keys create --agent <name>'
  return {
    status,
    code: TRANSPORT,
    message: `${AUTH_WORDS[reason]}${reason === 'missing' ? next : ''}`,
    data: { reason },
    headers: status === 401 ? { 'www-authenticate': 'McpVitalsKey realm="mcp-vitals"' } : {},
  }
}

export const SERVER_NOT_ALLOWED: Refusal = {
  status: 403,
  code: TRANSPORT,
  message: 'This key does not open this server.',
  data: { reason: 'server_not_allowed' },
}

export function lockedOut(waitMs: number): Refusal {
  return {
    status: 429,
    code: TRANSPORT,
    message: 'Too many wrong keys came from this address. It is locked for a while.',
    data: { reason: 'locked_out' },
    headers: retryAfter(waitMs),
  }
}

export function limited(limitType: LimitType, waitMs: number): Refusal {
  return {
    status: 429,
    code: TRANSPORT,
    message: `Rate limit reached (${limitType}). Try again in ${secondsOf(waitMs)} s.`,
    data: { reason: 'rate_limit', limitType, retryAfterSeconds: secondsOf(waitMs) },
    headers: retryAfter(waitMs),
  }
}

/** A call that would cost, when a budget for it is spent. */
export function budgetSpent(budget: string, waitMs: number): Refusal {
  return {
    status: 429,
    code: TRANSPORT,
    message: `The budget ${JSON.stringify(budget)} is spent. Its next window begins in ${secondsOf(waitMs)} s.`,
    data: { reason: 'budget', budget, retryAfterSeconds: secondsOf(waitMs) },
    headers: retryAfter(waitMs),
  }
}

export function toolNotAllowed(tool: string, problem: ToolProblem): Refusal {
  const those = problem === 'key' ? 'this key may call' : 'may be called here'
  return {
    status: 403,
    code: INVALID_PARAMS,
    message: `The tool ${JSON.stringify(tool.slice(0, 128))} is not among those that ${those}.`,
    data: { reason: 'tool_not_allowed' },
  }
}

/** A call that has to stand in the audit log before it goes on, when that cannot be written. */
export const NOT_WRITTEN_DOWN: Refusal = {
  status: 503,
  code: TRANSPORT,
  message:
    'The call was not passed on: it has to stand in the audit log first (audit.before), which cannot be written now (audit.policy is closed). GET /health/ready tells why; try again later.',
  data: { reason: 'audit' },
  headers: { 'retry-after': '5' },
}

/** A call that says nowhere, or in no way that every reader shares, which tool it means. */
export const NO_TOOL_NAMED: Refusal = {
  status: 400,
  code: INVALID_PARAMS,
  message: 'The call names no tool: `params.name` must be a text.',
  data: { reason: 'no_tool_named' },
}

/** `known`: the method that a lenient server could take it for. */
export function misspeltMethod(method: string, known: string): Refusal {
  return {
    status: 400,
    code: METHOD_NOT_FOUND,
    message: `There is no method ${JSON.stringify(method.slice(0, 128))}: it is written ${JSON.stringify(known)}.`,
    data: { reason: 'method_misspelt' },
  }
}

/** Names the place and the keyword, and no value. */
export function doesNotFit(tool: string, { path, keyword }: Misfit): Refusal {
  const field = path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
  const where = field === '' ? 'The arguments do' : `The argument ${field} does`
  return {
    status: 400,
    code: INVALID_PARAMS,
    message: `${where} not fit what the tool ${JSON.stringify(tool.slice(0, 128))} takes (${keyword}).`,
    data: { reason: 'invalid_arguments', field, keyword },
  }
}

function retryAfter(waitMs: number): Readonly<Record<string, string>> {
  return { 'retry-after': String(secondsOf(waitMs)) }
}

/** Whole seconds, at least one. */
export function secondsOf(waitMs: number): number {
  return Math.max(1, Math.ceil(waitMs / 1000))
}
