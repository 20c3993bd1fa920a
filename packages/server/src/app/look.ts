import type { Client, Transport } from '@modelcontextprotocol/client'
import { listTools, newClient, withOldTransport, withTransport } from '../checks/index.js'
import { ERRORS, vitalsError } from '../errors/index.js'

/** Longest time that one server may take to answer both questions: who are you, and what tools. */
const LOOK_TIMEOUT_MS = 20_000

export interface LookOptions {
  /** Address of a server behind our own gateway. */
  readonly addressOf: (server: string) => string
  /** What a look says of itself: the key for the server's door. */
  readonly headersOf: (server: string) => Readonly<Record<string, string>>
  readonly transportOf: (server: string) => 'http' | 'sse'
}

/** Why a server does not answer, in our own words, and (where it had some) in its own, which may hold anything. */
export interface Silence {
  readonly problem: string
  readonly raw?: string
}

/** Looks at one server, until `signal` is aborted. Never rejects. */
export async function look(
  server: string,
  signal: AbortSignal,
  { addressOf, headersOf, transportOf }: LookOptions,
): Promise<{ tools: number } | Silence> {
  const isOld = transportOf(server) === 'sse'
  const client = newClient(isOld ? 'legacy' : 'auto')
  const limit = AbortSignal.any([signal, AbortSignal.timeout(LOOK_TIMEOUT_MS)])
  const requests = { url: addressOf(server), headers: headersOf(server), signal: limit }
  const count = (transport: Transport) => countTools(client, transport)
  try {
    return { tools: await (isOld ? withOldTransport(requests, count) : withTransport(requests, count)) }
  } catch (error) {
    return silenceOf(server, error)
  } finally {
    await client.close().catch(() => {})
  }
}

async function countTools(client: Client, transport: Transport): Promise<number> {
  await client.connect(transport, { timeout: LOOK_TIMEOUT_MS })
  return (await listTools(client, LOOK_TIMEOUT_MS)).length
}

/** What a person can do something with: the gateway's own words, with the next step, instead of the SDK's around them. */
function silenceOf(server: string, error: unknown): Silence {
  const message = error instanceof Error ? error.message : String(error)
  if (/timed out|due to timeout/i.test(message)) {
    const seconds = LOOK_TIMEOUT_MS / 1000
    return {
      problem: `${vitalsError('SERVER_UNRESPONSIVE', { server, seconds }).message} ${ERRORS.SERVER_UNRESPONSIVE.next}`,
    }
  }
  const ours = gatewayWords(error)
  if (ours !== undefined) return { problem: ours }
  const { status } = (error as { data?: { status?: unknown } }).data ?? {}
  if (typeof status === 'number')
    return {
      problem: `it answered the first questions with HTTP ${status}. Check that its \`url\` is its MCP endpoint.`,
      raw: message,
    }
  const { name = 'Error', code } = error as { name?: string; code?: unknown }
  const found = typeof code === 'number' || typeof code === 'string' ? ` ${code}` : ''
  return { problem: `its answer to the first questions was an error: ${name}${found}`, raw: message }
}

/** The message of the registered error that our own gateway answered with; undefined where the server answered. */
function gatewayWords(error: unknown): string | undefined {
  try {
    const { data } = error as { data: { text: string } }
    const { message, data: own } = JSON.parse(data.text).error
    return Object.hasOwn(ERRORS, own.code) ? String(message) : undefined
  } catch {
    return undefined
  }
}
