import { createHash } from 'node:crypto'
import type { Client } from '@modelcontextprotocol/client'
import { CheckFailure, type Seen, type ToolSeen } from '../check.js'
import { listTools } from './client.js'
import type { McpOptions } from './options.js'

/** Most tools that are named, of those that are missing. */
const MOST_NAMED = 5

/** Asks in an open session what the options want: the list of tools, and calls. Throws what is not as expected. */
export async function look(client: Client, options: McpOptions): Promise<Seen> {
  const { listTools, expectTools, calls, timeoutMs } = options
  const tools = listTools || expectTools.length > 0 ? await toolsOf(client, timeoutMs) : undefined
  const missing = expectTools.filter((name) => !tools?.some((tool) => tool.name === name))
  if (missing.length > 0) throw new CheckFailure('tools_missing', listed(missing), tools)
  for (const call of calls) await callAs(client, call, timeoutMs, tools)
  return tools === undefined ? {} : { tools }
}

/** Names are of the configuration, so they may be told. */
function listed(names: readonly string[]): string {
  const beyond = names.length - MOST_NAMED
  return [...names.slice(0, MOST_NAMED), ...(beyond > 0 ? [`and ${beyond} more`] : [])].join(', ')
}

async function toolsOf(client: Client, timeoutMs: number): Promise<readonly ToolSeen[]> {
  const tools = await listTools(client, timeoutMs)
  return tools.map(({ name, ...definition }) => ({ name, definition: hashOf(definition) }))
}

async function callAs(
  client: Client,
  { tool, arguments: given, expectText }: McpOptions['calls'][number],
  timeoutMs: number,
  tools: readonly ToolSeen[] | undefined,
): Promise<void> {
  const { isError, content } = await client.callTool({ name: tool, arguments: given }, { timeout: timeoutMs })
  if (isError) throw new CheckFailure('tool_call', `${tool}: IS_ERROR`, tools)
  const texts = content.flatMap((item) => (item.type === 'text' ? [item.text] : []))
  if (expectText !== undefined && !texts.some((text) => text.includes(expectText)))
    throw new CheckFailure('tool_call', `${tool}: UNEXPECTED_TEXT`, tools)
}

/** Equal for equal definitions, in whatever order their keys come. */
function hashOf(definition: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(definition)))
    .digest('hex')
    .slice(0, 32)
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]))
}
