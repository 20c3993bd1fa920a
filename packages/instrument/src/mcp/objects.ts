import {
  MAX_CODE_LENGTH,
  MAX_ITEMS,
  MAX_KEY_LENGTH,
  MAX_NAME_LENGTH,
  MAX_TRACEPARENT_LENGTH,
  MAX_VERSION_LENGTH,
  MAX_WORD_LENGTH,
  NO_TOKEN,
  SPEC,
} from './bounds.js'
import { codeOf, cutText, integerText } from './keys.js'
import type { Captured, JsonType, TokenKey } from './paths.js'
import { quickKey } from './quick-hash.js'

/**
 * Takes from a message that is an object what the readers of bytes take from its JSON: of the same allow-list, place by
 * place, what requests and answers are matched by. Values are looked at and never kept. May throw where a getter of the
 * message does.
 */

export type Fields = { -readonly [K in keyof Captured]: Captured[K] }
type Thing = { readonly [key: string]: unknown }

/** Who knows hashes of tools' definitions. Where `hashOf` is missing nobody asks for them. */
export interface DefinitionHashes {
  readonly hashOf?: ((definition: unknown) => string) | undefined
}

const NOTHING: Thing = {}
const PROTOCOL_VERSION = `${SPEC}/protocolVersion`
const CLIENT_INFO = `${SPEC}/clientInfo`
const SERVER_INFO = `${SPEC}/serverInfo`
const RELATED_TASK = `${SPEC}/related-task`

/** The fields of one message. */
export function fieldsOf(message: unknown, hashes: DefinitionHashes): Fields {
  const thing = objectOf(message)
  return typeof thing.method === 'string' ? requestFields(thing) : answerFields(thing, hashes)
}

/**
 * Of a request or notification. One literal, whatever is absent: objects of one shape are made and read much faster than
 * those whose fields are set one by one.
 */
function requestFields({ jsonrpc, id, method, params: given }: Thing): Fields {
  const params = objectOf(given)
  const meta = objectOf(params._meta)
  const client = objectOf(params.clientInfo)
  const modernClient = objectOf(meta[CLIENT_INFO])
  return {
    jsonrpc: textOf(jsonrpc, MAX_WORD_LENGTH),
    id: tokenOf(id),
    method: textOf(method),
    name: textOf(params.name),
    clientName: textOf(client.name),
    clientVersion: textOf(client.version, MAX_VERSION_LENGTH),
    cursor: typeOf(params.cursor),
    cancelledId: tokenOf(params.requestId),
    reportedProgress: tokenOf(params.progressToken),
    retriedState: keyText(params.requestState),
    inputResponses: typeOf(params.inputResponses),
    taskAsked: typeOf(params.task),
    taskOf: keyText(params.taskId),
    statusReported: textOf(params.status, MAX_WORD_LENGTH),
    progressToken: tokenOf(meta.progressToken),
    relatedTask: keyText(objectOf(meta[RELATED_TASK]).taskId),
    traceparent: textOf(meta.traceparent, MAX_TRACEPARENT_LENGTH),
    modernVersion: textOf(meta[PROTOCOL_VERSION], MAX_WORD_LENGTH),
    modernClientName: textOf(modernClient.name),
    modernClientVersion: textOf(modernClient.version, MAX_VERSION_LENGTH),
  }
}

/** The same of every answer. */
function answerFields({ jsonrpc, id, result: given, error }: Thing, hashes: DefinitionHashes): Fields {
  const result = objectOf(given)
  const server = objectOf(result.serverInfo)
  const modernServer = objectOf(objectOf(result._meta)[SERVER_INFO])
  const task = objectOf(result.task)
  const ofTask = objectOf(result.result)
  const tools = listOf(result.tools)
  const prompts = listOf(result.prompts)
  return {
    jsonrpc: textOf(jsonrpc, MAX_WORD_LENGTH),
    id: tokenOf(id),
    result: typeOf(given),
    isError: flagOf(result.isError),
    toolErrorCodes: codesOf(result),
    resultType: textOf(result.resultType, MAX_WORD_LENGTH),
    agreedVersion: textOf(result.protocolVersion, MAX_WORD_LENGTH),
    serverName: textOf(server.name),
    serverVersion: textOf(server.version, MAX_VERSION_LENGTH),
    modernServerName: textOf(modernServer.name),
    modernServerVersion: textOf(modernServer.version, MAX_VERSION_LENGTH),
    nextCursor: typeOf(result.nextCursor),
    requestState: keyText(result.requestState),
    createdTask: keyText(task.taskId),
    createdTaskStatus: textOf(task.status, MAX_WORD_LENGTH),
    taskId: keyText(result.taskId),
    taskStatus: textOf(result.status, MAX_WORD_LENGTH),
    taskIsError: flagOf(ofTask.isError),
    taskToolErrorCodes: codesOf(ofTask),
    taskErrorCode: codeIn(result.error),
    toolNames: tools && namesOf(tools),
    toolHashes: tools?.slice(0, MAX_ITEMS).map((tool) => hashes.hashOf?.(tool) ?? ''),
    toolsCut: tools && tools.length > MAX_ITEMS,
    promptNames: prompts && namesOf(prompts),
    promptsCut: prompts && prompts.length > MAX_ITEMS,
    error: typeOf(error),
    errorCode: codeIn(error),
  }
}

function namesOf(items: readonly unknown[]): readonly string[] {
  return items.slice(0, MAX_ITEMS).map((item) => textOf(objectOf(item).name) ?? '')
}

/** Of results that are errors alone: nobody asks for the code of any other. */
function codesOf({ isError, content }: Thing): readonly string[] | undefined {
  if (isError !== true) return undefined
  return listOf(content)
    ?.slice(0, MAX_ITEMS)
    .map((part) => codeOf(textOf(objectOf(part).text, MAX_CODE_LENGTH) ?? '') ?? '')
}

/** Nothing in it where it is no object. */
function objectOf(value: unknown): Thing {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Thing) : NOTHING
}

function listOf(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? value : undefined
}

function textOf(value: unknown, limit = MAX_NAME_LENGTH): string | undefined {
  return typeof value === 'string' ? cutText(value, limit) : undefined
}

function keyText(value: unknown): string | undefined {
  return typeof value === 'string' ? quickKey(value, MAX_KEY_LENGTH) : undefined
}

function flagOf(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined
}

function codeIn(error: unknown): string | undefined {
  const { code } = objectOf(error)
  return typeof code === 'number' ? integerText(code) : undefined
}

function tokenOf(value: unknown): TokenKey | undefined {
  if (value === undefined) return undefined
  // NaN is not equal to itself, and no JSON has it.
  if (typeof value === 'number' && !Number.isNaN(value)) return value
  if (typeof value === 'string') return `s${quickKey(value, MAX_KEY_LENGTH)}`
  return value === null ? 'null' : NO_TOKEN
}

function typeOf(value: unknown): JsonType | undefined {
  if (value === undefined) return undefined
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : (typeof value as JsonType)
}
