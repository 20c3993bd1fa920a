/**
 * What the reader takes from a message, and nothing else: the one allow-list. A path that is not here is skipped byte
 * by byte and never decoded, so arguments, results and prompts cannot leak. To read another one, add a line. What a
 * configuration names beyond it, for single tools, is added by `extraction.ts`.
 */
import {
  MAX_CODE_LENGTH,
  MAX_KEY_LENGTH,
  MAX_NAME_LENGTH,
  MAX_TRACEPARENT_LENGTH,
  MAX_VERSION_LENGTH,
  MAX_WORD_LENGTH,
  SPEC,
} from './bounds.js'

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

export const PATHS = {
  jsonrpc: text(MAX_WORD_LENGTH, 'jsonrpc'),
  id: take('token', 'id'),
  method: text(MAX_NAME_LENGTH, 'method'),
  name: text(MAX_NAME_LENGTH, 'params', 'name'),
  protocolVersion: text(MAX_WORD_LENGTH, 'params', 'protocolVersion'),
  clientName: text(MAX_NAME_LENGTH, 'params', 'clientInfo', 'name'),
  clientVersion: text(MAX_VERSION_LENGTH, 'params', 'clientInfo', 'version'),
  capabilities: take('hash', 'params', 'capabilities'),
  cursor: take('type', 'params', 'cursor'),
  cancelledId: take('token', 'params', 'requestId'),
  reportedProgress: take('token', 'params', 'progressToken'),
  retriedState: take('key', 'params', 'requestState'),
  inputResponses: take('type', 'params', 'inputResponses'),
  taskAsked: take('type', 'params', 'task'),
  taskOf: take('key', 'params', 'taskId'),
  statusReported: text(MAX_WORD_LENGTH, 'params', 'status'),
  progressToken: take('token', 'params', '_meta', 'progressToken'),
  subscription: take('token', 'params', '_meta', `${SPEC}/subscriptionId`),
  relatedTask: take('key', 'params', '_meta', `${SPEC}/related-task`, 'taskId'),
  traceparent: text(MAX_TRACEPARENT_LENGTH, 'params', '_meta', 'traceparent'),
  modernVersion: text(MAX_WORD_LENGTH, 'params', '_meta', `${SPEC}/protocolVersion`),
  modernClientName: text(MAX_NAME_LENGTH, 'params', '_meta', `${SPEC}/clientInfo`, 'name'),
  modernClientVersion: text(MAX_VERSION_LENGTH, 'params', '_meta', `${SPEC}/clientInfo`, 'version'),
  modernCapabilities: take('hash', 'params', '_meta', `${SPEC}/clientCapabilities`),
  result: take('type', 'result'),
  isError: take('flag', 'result', 'isError'),
  /** The TypeScript SDK, version 1, tells of bad arguments and unknown tools in a result's text. */
  toolErrorCodes: each('code', MAX_CODE_LENGTH, ['result', 'content'], 'text'),
  resultType: text(MAX_WORD_LENGTH, 'result', 'resultType'),
  agreedVersion: text(MAX_WORD_LENGTH, 'result', 'protocolVersion'),
  serverName: text(MAX_NAME_LENGTH, 'result', 'serverInfo', 'name'),
  serverVersion: text(MAX_VERSION_LENGTH, 'result', 'serverInfo', 'version'),
  modernServerName: text(MAX_NAME_LENGTH, 'result', '_meta', `${SPEC}/serverInfo`, 'name'),
  modernServerVersion: text(MAX_VERSION_LENGTH, 'result', '_meta', `${SPEC}/serverInfo`, 'version'),
  endedSubscription: take('token', 'result', '_meta', `${SPEC}/subscriptionId`),
  nextCursor: take('type', 'result', 'nextCursor'),
  requestState: take('key', 'result', 'requestState'),
  createdTask: take('key', 'result', 'task', 'taskId'),
  createdTaskStatus: text(MAX_WORD_LENGTH, 'result', 'task', 'status'),
  taskId: take('key', 'result', 'taskId'),
  taskStatus: text(MAX_WORD_LENGTH, 'result', 'status'),
  taskIsError: take('flag', 'result', 'result', 'isError'),
  taskToolErrorCodes: each('code', MAX_CODE_LENGTH, ['result', 'result', 'content'], 'text'),
  taskErrorCode: take('integer', 'result', 'error', 'code'),
  toolNames: each('text', MAX_NAME_LENGTH, ['result', 'tools'], 'name'),
  toolHashes: each('hash', 0, ['result', 'tools']),
  toolsCut: take('overflow', 'result', 'tools'),
  promptNames: each('text', MAX_NAME_LENGTH, ['result', 'prompts'], 'name'),
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
