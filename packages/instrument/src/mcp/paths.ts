/**
 * What the reader takes from a message, and nothing else: the one allow-list. A path that is not here is skipped byte
 * by byte and never decoded, so arguments, results and prompts cannot leak. To read another one, add a line. What a
 * configuration names beyond it, for single tools, is added by `extraction.ts`.
 */
import { MAX_KEY_LENGTH, SPEC, TEXT_LENGTHS } from './bounds.js'

/** In a path: every element of an array. What is taken below it becomes a list, in order, of at most `MAX_ITEMS`. */
export const EACH = Symbol('each element')

/**
 * How a value is taken. Unless said otherwise, a value of another JSON type than the one wanted counts as absent.
 * - `text`: a string, cut at `limit`.
 * - `key`: a string to compare with others; of a long one a hash.
 * - `token`: an id, a string, number or null, as a key to compare with others; anything else gives `NO_TOKEN`.
 * - `integer`: a whole number of less than `MAX_INTEGER`, as text.
 * - `flag`: true or false.
 * - `value`: a string cut at `limit`, a number of at most `limit` characters, or true or false.
 * - `type`: the JSON type alone, whatever the value.
 * - `hash`: a hash of the exact bytes, whatever the value. No such path may lie within another.
 * - `code`: the number in a text that begins with `MCP error -32602:`, and nothing else of it.
 * - `overflow`: true where an array has more than `MAX_ITEMS` elements.
 */
export type Take = 'text' | 'key' | 'token' | 'integer' | 'flag' | 'value' | 'type' | 'hash' | 'code' | 'overflow'
export type JsonType = 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null'

export interface Path<T extends Take = Take> {
  readonly path: readonly (string | typeof EACH)[]
  readonly take: T
  /** Most UTF-16 units kept of a `text`, `key`, `token`. */
  readonly limit: number
}

function text(limit: number, ...path: string[]): Path<'text'> {
  return { path, take: 'text', limit }
}
function take<const T extends Take>(kind: T, ...path: string[]): Path<T> {
  return { path, take: kind, limit: MAX_KEY_LENGTH }
}
function each<const T extends Take>(kind: T, limit: number, list: readonly string[], ...path: string[]): ListOf<T> {
  return { path: [...list, EACH, ...path], take: kind, limit, list: true }
}
interface ListOf<T extends Take> extends Path<T> {
  readonly list: true
}

const { name: NAME, version: VERSION, revision: REVISION, code: CODE } = TEXT_LENGTHS

export const PATHS = {
  jsonrpc: text(TEXT_LENGTHS.jsonrpc, 'jsonrpc'),
  id: take('token', 'id'),
  method: text(NAME, 'method'),
  name: text(NAME, 'params', 'name'),
  protocolVersion: text(REVISION, 'params', 'protocolVersion'),
  clientName: text(NAME, 'params', 'clientInfo', 'name'),
  clientVersion: text(VERSION, 'params', 'clientInfo', 'version'),
  capabilities: take('hash', 'params', 'capabilities'),
  cursor: take('type', 'params', 'cursor'),
  cancelledId: take('token', 'params', 'requestId'),
  reportedProgress: take('token', 'params', 'progressToken'),
  retriedState: take('key', 'params', 'requestState'),
  inputResponses: take('type', 'params', 'inputResponses'),
  taskAsked: take('type', 'params', 'task'),
  taskOf: take('key', 'params', 'taskId'),
  statusReported: text(REVISION, 'params', 'status'),
  progressToken: take('token', 'params', '_meta', 'progressToken'),
  subscription: take('token', 'params', '_meta', `${SPEC}/subscriptionId`),
  relatedTask: take('key', 'params', '_meta', `${SPEC}/related-task`, 'taskId'),
  traceparent: text(TEXT_LENGTHS.traceparent, 'params', '_meta', 'traceparent'),
  modernVersion: text(REVISION, 'params', '_meta', `${SPEC}/protocolVersion`),
  modernClientName: text(NAME, 'params', '_meta', `${SPEC}/clientInfo`, 'name'),
  modernClientVersion: text(VERSION, 'params', '_meta', `${SPEC}/clientInfo`, 'version'),
  modernCapabilities: take('hash', 'params', '_meta', `${SPEC}/clientCapabilities`),
  result: take('type', 'result'),
  isError: take('flag', 'result', 'isError'),
  /** The TypeScript SDK, version 1, tells of bad arguments and unknown tools in a result's text. */
  toolErrorCodes: each('code', CODE, ['result', 'content'], 'text'),
  resultType: text(REVISION, 'result', 'resultType'),
  agreedVersion: text(REVISION, 'result', 'protocolVersion'),
  serverName: text(NAME, 'result', 'serverInfo', 'name'),
  serverVersion: text(VERSION, 'result', 'serverInfo', 'version'),
  modernServerName: text(NAME, 'result', '_meta', `${SPEC}/serverInfo`, 'name'),
  modernServerVersion: text(VERSION, 'result', '_meta', `${SPEC}/serverInfo`, 'version'),
  endedSubscription: take('token', 'result', '_meta', `${SPEC}/subscriptionId`),
  nextCursor: take('type', 'result', 'nextCursor'),
  requestState: take('key', 'result', 'requestState'),
  createdTask: take('key', 'result', 'task', 'taskId'),
  createdTaskStatus: text(REVISION, 'result', 'task', 'status'),
  taskId: take('key', 'result', 'taskId'),
  taskStatus: text(REVISION, 'result', 'status'),
  taskIsError: take('flag', 'result', 'result', 'isError'),
  taskToolErrorCodes: each('code', CODE, ['result', 'result', 'content'], 'text'),
  taskErrorCode: take('integer', 'result', 'error', 'code'),
  toolNames: each('text', NAME, ['result', 'tools'], 'name'),
  toolHashes: each('hash', 0, ['result', 'tools']),
  toolsCut: take('overflow', 'result', 'tools'),
  promptNames: each('text', NAME, ['result', 'prompts'], 'name'),
  promptsCut: take('overflow', 'result', 'prompts'),
  error: take('type', 'error'),
  errorCode: take('integer', 'error', 'code'),
} as const satisfies Record<string, Path>

/**
 * An id or a progress token to compare with others: see `tokenKey`. Of a program's own objects a number is its own key,
 * since making a text of it would cost more than finding it.
 */
export type TokenKey = string | number
type Taken<T extends Take> = T extends 'value'
  ? string | number | boolean
  : T extends 'token'
    ? TokenKey
    : T extends 'flag' | 'overflow'
      ? boolean
      : T extends 'type'
        ? JsonType
        : string
type Value<P> = P extends ListOf<infer T> ? readonly Taken<T>[] : P extends Path<infer T> ? Taken<T> : never
/** The values taken from one message, by the names of `PATHS`; absent where the message has none. */
export type Captured = { readonly [K in keyof typeof PATHS]?: Value<(typeof PATHS)[K]> | undefined }
