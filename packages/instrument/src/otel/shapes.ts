/** What is read of a message for its span: places of an allow-list, and no value that a caller gave to a tool. */
import { codeOf, cutText, integerText, MAX_NAME_LENGTH } from '../mcp/index.js'

export type Thing = { readonly [key: string]: unknown }

/** How a request was answered. */
export interface Answer {
  /** As the conventions name it: the JSON-RPC code, or `tool_error`; undefined where it went well. */
  readonly errorType: string | undefined
  /** The JSON-RPC code of an error answer. */
  readonly code?: string | undefined
  /** What the answer says of the failure. */
  readonly message?: string | undefined
  /** Whether a tool of this name ran. */
  readonly ran: boolean
}

export function thingOf(value: unknown): Thing | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Thing) : undefined
}

/** A name, revision or id as an attribute holds it; undefined for what is none. */
export function nameOf(value: unknown): string | undefined {
  return typeof value === 'string' ? cutText(value, MAX_NAME_LENGTH) : undefined
}

/** The names of a list's items. */
export function namesOf(items: unknown): readonly string[] {
  if (!Array.isArray(items)) return []
  return items.map((item) => nameOf(thingOf(item)?.name)).filter((name) => name !== undefined)
}

export function answerOf({ error, result }: Thing): Answer {
  const failure = thingOf(error)
  if (failure) {
    const code = typeof failure.code === 'number' ? integerText(failure.code) : undefined
    return { errorType: code ?? '_OTHER', code, message: textOf(failure.message), ran: false }
  }
  const { isError, content } = thingOf(result) ?? {}
  if (isError !== true) return { errorType: undefined, ran: true }
  const message = textOf(thingOf(Array.isArray(content) ? content[0] : undefined)?.text)
  // Some SDKs say in a tool's own form that there is no such tool.
  return { errorType: 'tool_error', message, ran: codeOf(message ?? '') === undefined }
}

/** The class or code of what was thrown, never its message. */
export function thrownType(thrown: unknown): string {
  const { code, name } = (thrown ?? {}) as { code?: unknown; name?: unknown }
  for (const word of [code, name]) if (/^[\w.-]{1,64}$/.test(String(word ?? ''))) return String(word)
  return '_OTHER'
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
