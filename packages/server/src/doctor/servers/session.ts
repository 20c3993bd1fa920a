import { type Client, ProtocolError, type Transport } from '@modelcontextprotocol/client'
import { listTools } from '../../checks/index.js'
import type { Asked } from '../contract.js'

/** A tool as the server lists it: what a call of it is to look like. */
export interface ListedTool {
  readonly name: string
  readonly inputSchema: Readonly<Record<string, unknown>>
}

/** What became of a call. `text` is the tool’s own, and may hold anything. */
export type CallOutcome =
  | { readonly is: 'done'; readonly lastedMs: number }
  | { readonly is: 'tool error'; readonly text: string }
  | { readonly is: 'refused'; readonly code: number; readonly text: string }
  | { readonly is: 'failed'; readonly error: unknown }

/** What one session showed. */
export interface SessionSeen {
  /** From the first question to its answer. Milliseconds. */
  readonly answerMs: number
  readonly tools: readonly ListedTool[]
  /** Absent where no call was asked for, or the server does not have the tool. */
  readonly call?: CallOutcome
}

/** Opens a session, lists the tools, and calls one where that was asked for. Rejects with what a client would meet. */
export async function lookAround(
  client: Client,
  transport: Transport,
  { timeoutMs, call }: Pick<Asked, 'timeoutMs' | 'call'>,
): Promise<SessionSeen> {
  const begun = performance.now()
  await client.connect(transport, { timeout: timeoutMs })
  const answerMs = performance.now() - begun
  const tools = await listTools(client, timeoutMs)
  if (call === undefined || !tools.some(({ name }) => name === call.tool)) return { answerMs, tools }
  return { answerMs, tools, call: await callOf(client, call, timeoutMs) }
}

async function callOf(client: Client, call: NonNullable<Asked['call']>, timeoutMs: number): Promise<CallOutcome> {
  const begun = performance.now()
  try {
    const { isError, content } = await client.callTool(
      { name: call.tool, arguments: call.arguments },
      { timeout: timeoutMs },
    )
    if (!isError) return { is: 'done', lastedMs: performance.now() - begun }
    const text = content.flatMap((item) => (item.type === 'text' ? [item.text] : [])).join('\n')
    return { is: 'tool error', text }
  } catch (error) {
    if (error instanceof ProtocolError) return { is: 'refused', code: error.code, text: error.message }
    return { is: 'failed', error }
  }
}
