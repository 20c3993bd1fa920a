import { MAX_ITEMS, MAX_KEY_LENGTH, NO_TOKEN, SPEC, TEXT_LENGTHS } from './bounds.js'
import type { Definitions } from './definitions.js'
import { codeOf, cutText, integerText, keyOf, numberKey, textKey } from './keys.js'
import type { Captured, JsonType, TokenKey } from './paths.js'

/**
 * Takes from a message that is an object what the readers of bytes take from its JSON: the same allow-list, place by
 * place. Values are looked at and never kept. May throw where a getter of the message does.
 */

export type Fields = { -readonly [K in keyof Captured]: Captured[K] }
type Thing = { readonly [key: string]: unknown }

const { name: NAME, version: VERSION, revision: REVISION } = TEXT_LENGTHS
const PROTOCOL_VERSION = `${SPEC}/protocolVersion`
const CLIENT_INFO = `${SPEC}/clientInfo`
const SERVER_INFO = `${SPEC}/serverInfo`
const SUBSCRIPTION_ID = `${SPEC}/subscriptionId`

/** The fields of one message. */
export function fieldsOf(message: unknown, definitions: Definitions): Fields {
  const thing = objectOf(message)
  if (!thing) return {}
  const { jsonrpc, id, method, params, result, error } = thing
  const fields = method === undefined ? answerFields() : requestFields()
  if (jsonrpc === '2.0') fields.jsonrpc = jsonrpc
  else if (typeof jsonrpc === 'string') fields.jsonrpc = cutText(jsonrpc, TEXT_LENGTHS.jsonrpc)
  if (id !== undefined) fields.id = tokenOf(id)
  if (typeof method === 'string') fields.method = cutText(method, NAME)
  if (params !== undefined) readParams(fields, objectOf(params))
  if (result !== undefined) {
    fields.result = typeOf(result)
    readResult(fields, objectOf(result), definitions)
  }
  if (error !== undefined) {
    fields.error = typeOf(error)
    fields.errorCode = integerOf(objectOf(error)?.code)
  }
  return fields
}

/** Room for what is looked for in every request: objects that begin with one shape are made and read much faster. */
function requestFields(): Fields {
  return {
    jsonrpc: undefined,
    id: undefined,
    method: undefined,
    name: undefined,
    retriedState: undefined,
    inputResponses: undefined,
    taskAsked: undefined,
    taskOf: undefined,
    cursor: undefined,
    progressToken: undefined,
    traceparent: undefined,
    modernVersion: undefined,
    result: undefined,
    error: undefined,
  }
}

/** The same of every answer. */
function answerFields(): Fields {
  return {
    jsonrpc: undefined,
    id: undefined,
    method: undefined,
    result: undefined,
    isError: undefined,
    resultType: undefined,
    createdTask: undefined,
    taskId: undefined,
    error: undefined,
  }
}

function readParams(fields: Fields, params: Thing | undefined): void {
  if (!params) return
  const { name, protocolVersion, clientInfo, cursor, requestId, progressToken, requestState, inputResponses } = params
  const { task, taskId, status, _meta } = params
  if (typeof name === 'string') fields.name = cutText(name, NAME)
  if (protocolVersion !== undefined) fields.protocolVersion = textOf(protocolVersion, REVISION)
  if (clientInfo !== undefined) {
    const client = objectOf(clientInfo)
    fields.clientName = textOf(client?.name, NAME)
    fields.clientVersion = textOf(client?.version, VERSION)
  }
  if (cursor !== undefined) fields.cursor = typeOf(cursor)
  if (requestId !== undefined) fields.cancelledId = tokenOf(requestId)
  if (progressToken !== undefined) fields.reportedProgress = tokenOf(progressToken)
  if (requestState !== undefined) fields.retriedState = keyText(requestState)
  if (inputResponses !== undefined) fields.inputResponses = typeOf(inputResponses)
  if (task !== undefined) fields.taskAsked = typeOf(task)
  if (taskId !== undefined) fields.taskOf = keyText(taskId)
  if (status !== undefined) fields.statusReported = textOf(status, REVISION)
  if (_meta !== undefined) readMeta(fields, objectOf(_meta))
}

function readMeta(fields: Fields, meta: Thing | undefined): void {
  if (!meta) return
  const { progressToken, traceparent } = meta
  if (progressToken !== undefined) fields.progressToken = tokenOf(progressToken)
  if (traceparent !== undefined) fields.traceparent = textOf(traceparent, TEXT_LENGTHS.traceparent)
  const subscription = meta[SUBSCRIPTION_ID]
  if (subscription !== undefined) fields.subscription = tokenOf(subscription)
  fields.modernVersion = textOf(meta[PROTOCOL_VERSION], REVISION)
  const client = objectOf(meta[CLIENT_INFO])
  if (!client) return
  fields.modernClientName = textOf(client.name, NAME)
  fields.modernClientVersion = textOf(client.version, VERSION)
}

function readResult(fields: Fields, result: Thing | undefined, definitions: Definitions): void {
  if (!result) return
  const { isError, resultType, protocolVersion, serverInfo, nextCursor, requestState, task, taskId, status } = result
  const { tools, prompts, _meta } = result
  if (typeof isError === 'boolean') fields.isError = isError
  if (isError === true) fields.toolErrorCodes = codesOf(result.content)
  if (resultType !== undefined) fields.resultType = textOf(resultType, REVISION)
  if (protocolVersion !== undefined) fields.agreedVersion = textOf(protocolVersion, REVISION)
  if (serverInfo !== undefined) {
    const server = objectOf(serverInfo)
    fields.serverName = textOf(server?.name, NAME)
    fields.serverVersion = textOf(server?.version, VERSION)
  }
  if (nextCursor !== undefined) fields.nextCursor = typeOf(nextCursor)
  if (requestState !== undefined) fields.requestState = keyText(requestState)
  if (task !== undefined) {
    const created = objectOf(task)
    fields.createdTask = keyText(created?.taskId)
    fields.createdTaskStatus = textOf(created?.status, REVISION)
  }
  if (taskId !== undefined) fields.taskId = keyText(taskId)
  if (status !== undefined) fields.taskStatus = textOf(status, REVISION)
  const { result: ofTask, error: errorOfTask } = result
  if (ofTask !== undefined) {
    const inner = objectOf(ofTask)
    fields.taskIsError = flagOf(inner?.isError)
    if (fields.taskIsError) fields.taskToolErrorCodes = codesOf(inner?.content)
  }
  if (errorOfTask !== undefined) fields.taskErrorCode = integerOf(objectOf(errorOfTask)?.code)
  if (Array.isArray(tools)) readTools(fields, tools, definitions)
  if (Array.isArray(prompts)) {
    fields.promptNames = namesOf(prompts)
    if (prompts.length > MAX_ITEMS) fields.promptsCut = true
  }
  if (_meta !== undefined) readResultMeta(fields, objectOf(_meta))
}

function readResultMeta(fields: Fields, meta: Thing | undefined): void {
  if (!meta) return
  const subscription = meta[SUBSCRIPTION_ID]
  if (subscription !== undefined) fields.endedSubscription = tokenOf(subscription)
  const server = objectOf(meta[SERVER_INFO])
  if (!server) return
  fields.modernServerName = textOf(server.name, NAME)
  fields.modernServerVersion = textOf(server.version, VERSION)
}

function readTools(fields: Fields, tools: readonly unknown[], definitions: Definitions): void {
  fields.toolNames = namesOf(tools)
  fields.toolHashes = tools.slice(0, MAX_ITEMS).map((tool) => definitions.hashOf(JSON.stringify(tool) ?? 'null'))
  if (tools.length > MAX_ITEMS) fields.toolsCut = true
}

function namesOf(items: readonly unknown[]): readonly string[] {
  return items.slice(0, MAX_ITEMS).map((item) => textOf(objectOf(item)?.name, NAME) ?? '')
}

/** Of results that are errors alone: nobody asks for the code of any other. */
function codesOf(content: unknown): readonly string[] | undefined {
  if (!Array.isArray(content)) return undefined
  return content.slice(0, MAX_ITEMS).map((part) => codeOf(textOf(objectOf(part)?.text, TEXT_LENGTHS.code) ?? '') ?? '')
}

function objectOf(value: unknown): Thing | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Thing) : undefined
}

function textOf(value: unknown, limit: number): string | undefined {
  return typeof value === 'string' ? cutText(value, limit) : undefined
}

function keyText(value: unknown): string | undefined {
  return typeof value === 'string' ? keyOf(value, MAX_KEY_LENGTH) : undefined
}

function flagOf(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined
}

function integerOf(value: unknown): string | undefined {
  return typeof value === 'number' ? integerText(value) : undefined
}

function tokenOf(value: unknown): TokenKey {
  // NaN is not equal to itself.
  if (typeof value === 'number') return Number.isNaN(value) ? numberKey(value) : value
  if (typeof value === 'string') return textKey(value)
  return value === null ? 'null' : NO_TOKEN
}

function typeOf(value: unknown): JsonType {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : (typeof value as JsonType)
}
