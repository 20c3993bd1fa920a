import { type CallToolResult, isSpecType } from '@modelcontextprotocol/server'

type Content = CallToolResult['content']

/** Most results of one job that become contents of their own. */
const MAX_CONTENTS = 100
/** Deepest value that is read: beyond it some clients read none, and who writes it again runs out of stack. */
const MAX_DEPTH = 128

/** What a job printed, as a client takes it. */
export interface Printed {
  readonly content: Content
  readonly structuredContent?: Record<string, unknown>
  /** The program says itself that it failed. */
  readonly isError?: boolean
}

/**
 * Reads what a program printed: contents of MCP, one JSON value, several of them (a list, or one a line), or else text.
 * Several values become a content each, but where they are too many, or hold a number that JavaScript has not: their text
 * stays one then, as it was printed. Structured content is an object, so other values stand in `result`.
 */
export function readOutput(bytes: Buffer): Printed {
  const text = bytes.toString('utf8').replace(/\r?\n$/, '')
  if (text.trim() === '') return { content: [] }
  const value = parsed(text)
  if (value === undefined) {
    const lines = jsonLines(text)
    return lines ? several(lines, text) : { content: [textOf(text)] }
  }
  if (Array.isArray(value)) return several(value, text)
  if (!isObject(value)) return { content: [textOf(text)], structuredContent: { result: value } }
  return contentsIn(value) ?? { content: [textOf(text)], structuredContent: value }
}

function several(values: readonly unknown[], text: string): Printed {
  const structuredContent = { result: values }
  if (values.length > MAX_CONTENTS || isInexact(values)) return { content: [textOf(text)], structuredContent }
  return { content: values.map((value) => textOf(shown(value))), structuredContent }
}

/** `{"content": […]}` with contents of MCP alone. */
function contentsIn(value: Record<string, unknown>): Printed | undefined {
  const { content, structuredContent, isError } = value
  if (!Array.isArray(content) || content.length === 0 || content.length > MAX_CONTENTS) return undefined
  if (!content.every(isContent)) return undefined
  return {
    content,
    ...(isObject(structuredContent) && { structuredContent }),
    ...(isError === true && { isError }),
  }
}

/** As the official SDK checks it at both ends, where one wrong content would be the end of the whole result. */
function isContent(item: unknown): item is Content[number] {
  return isSpecType.ContentBlock(item)
}

function jsonLines(text: string): readonly unknown[] | undefined {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  if (lines.length < 2 || !lines.every((line) => /^\s*[{[]/.test(line))) return undefined
  const values = lines.map(parsed)
  return values.includes(undefined) ? undefined : values
}

function parsed(text: string): unknown {
  // Most output is no JSON, and an exception costs more than a look.
  if (!/^\s*(?:[{["\d-]|true|false|null)/.test(text)) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return isDeep(value) ? undefined : value
  } catch {
    return undefined
  }
}

function isDeep(value: unknown): boolean {
  let level = [value]
  for (let depth = 0; depth <= MAX_DEPTH && level.length > 0; depth++)
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []))
  return level.length > 0
}

/** Whether it may hold an integer whose last digits were lost when it was read. No value is deeper than `MAX_DEPTH`. */
function isInexact(value: unknown): boolean {
  if (typeof value === 'number') return Number.isInteger(value) && !Number.isSafeInteger(value)
  return typeof value === 'object' && value !== null && Object.values(value).some(isInexact)
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function textOf(text: string): Content[number] {
  return { type: 'text', text }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
