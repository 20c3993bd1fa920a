import type { IncomingHttpHeaders } from 'node:http'
import { decodedHeader, headerOf } from './http-headers.js'
import { jsonOf, type Message } from './message.js'
import { CODES, type Refusal } from './respond.js'

/** The keyword by which a tool's schema says that an argument is repeated in a header. */
const KEYWORD = 'x-mcp-header'
/** Tools with such arguments that are remembered for one process; those that come later are not checked. */
const MAX_TOOLS = 1_000
/** Such arguments of one tool, and how deep they may stand. */
const MAX_PARAMETERS = 64
const MAX_DEPTH = 8

/** One argument that the header `Mcp-Param-<name>` repeats. */
interface Parameter {
  readonly header: string
  /** Names of properties from the arguments down to the value. */
  readonly path: readonly string[]
}

/**
 * The rule of 2026-07-28 that `Mcp-Param-*` headers repeat what a tool's schema marks with `x-mcp-header` (SEP-2243). A
 * stdio server sees no header, so it is checked here, by the listings that the server itself sent: names of tools and of
 * arguments alone are kept.
 */
export class ParamHeaders {
  readonly #tools = new Map<string, readonly Parameter[]>()

  /** Takes the answer to a `tools/list`. */
  learn(answer: Message): void {
    if (this.#tools.size === 0 && !answer.bytes.includes(KEYWORD)) return
    const tools = (jsonOf(answer) as { result?: { tools?: unknown } }).result?.tools
    if (!Array.isArray(tools)) return
    for (const tool of tools as readonly { name?: unknown; inputSchema?: unknown }[]) {
      if (typeof tool?.name !== 'string') continue
      this.#tools.delete(tool.name)
      const parameters = parametersOf(tool.inputSchema)
      if (parameters.length > 0 && this.#tools.size < MAX_TOOLS) this.#tools.set(tool.name, parameters)
    }
  }

  /** Why a call may not pass: an argument that its header leaves out, or says differently. Absent and null ones have none. */
  refusalOf(headers: IncomingHttpHeaders, message: Message): Refusal | undefined {
    if (this.#tools.size === 0 || message.method !== 'tools/call') return undefined
    const { params } = jsonOf(message) as { params?: { name?: unknown; arguments?: unknown } }
    const parameters = typeof params?.name === 'string' ? this.#tools.get(params.name) : undefined
    for (const { header, path } of parameters ?? []) {
      const value = textOf(valueAt(params?.arguments, path))
      if (value === undefined) continue
      const given = decodedHeader(headerOf(headers, `mcp-param-${header.toLowerCase()}`))
      if (given === value || isSameNumber(given, valueAt(params?.arguments, path))) continue
      return {
        status: 400,
        code: CODES.headerMismatch,
        message: `Bad Request: the Mcp-Param-${header} header must repeat the argument ${path.join('.')}.`,
        id: message.id,
      }
    }
    return undefined
  }
}

/** What a schema marks, reached by `properties` alone: below any other keyword an argument may be absent. */
function parametersOf(schema: unknown, path: readonly string[] = []): Parameter[] {
  const properties = (schema as { properties?: unknown } | undefined)?.properties
  if (typeof properties !== 'object' || properties === null || path.length >= MAX_DEPTH) return []
  return Object.entries(properties)
    .flatMap(([name, below]) => {
      const at = [...path, name]
      const header = (below as { [KEYWORD]?: unknown } | null)?.[KEYWORD]
      return typeof header === 'string' ? [{ header, path: at }] : parametersOf(below, at)
    })
    .slice(0, MAX_PARAMETERS)
}

function valueAt(root: unknown, path: readonly string[]): unknown {
  let value = root
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = (value as Record<string, unknown>)[name]
  }
  return value
}

/** A primitive as its header says it; undefined for what no header can repeat. */
function textOf(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined
}

/** `42.0` in a header is the same as `42` in a body. */
function isSameNumber(given: string | undefined, value: unknown): boolean {
  return typeof value === 'number' && given !== undefined && /^-?\d+(\.\d+)?$/.test(given) && Number(given) === value
}
