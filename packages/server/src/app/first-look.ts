import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { ERRORS, vitalsError } from '../errors/index.js'

/** Longest time that one server may take to answer all three questions: who are you, what tools, goodbye. */
const LOOK_TIMEOUT_MS = 20_000
/** Servers looked at side by side: each may start a process of its own. */
const SIDE_BY_SIDE = 4

/** What the first look found: the number of tools, or why there is none. */
export type Look = { readonly server: string } & ({ readonly tools: number } | Silence)

/** Why a server does not answer, in our own words, and (where it had some) in its own, which may hold anything. */
interface Silence {
  readonly problem: string
  readonly raw?: string
}

export interface FirstLookOptions {
  readonly servers: readonly string[]
  /** Address of a server behind our own gateway. */
  readonly addressOf: (server: string) => string
  readonly version: string
  readonly onLook: (look: Look) => void
  readonly signal: AbortSignal
}

/**
 * Opens a session to each server through our own front door, like every client, lists its tools and ends it. So
 * there is something to see before the first client comes, and a server that cannot start is known at once. Resolves
 * when every server was looked at; never rejects.
 */
export async function takeFirstLook({ servers, addressOf, version, onLook, signal }: FirstLookOptions): Promise<void> {
  const waiting = [...servers]
  async function work(): Promise<void> {
    for (let server = waiting.shift(); server !== undefined && !signal.aborted; server = waiting.shift()) {
      onLook({ server, ...(await look(server, addressOf(server), version, signal)) })
    }
  }
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work))
}

async function look(
  server: string,
  url: string,
  version: string,
  signal: AbortSignal,
): Promise<{ tools: number } | Silence> {
  const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: { signal } })
  const client = new Client({ name: 'mcp-vitals', version }, { versionNegotiation: { mode: 'auto' } })
  try {
    await client.connect(transport, { timeout: LOOK_TIMEOUT_MS })
    const { tools } = await client.listTools(undefined, { timeout: LOOK_TIMEOUT_MS })
    return { tools: tools.length }
  } catch (error) {
    return silenceOf(server, error)
  } finally {
    await transport.terminateSession().catch(() => {})
    await client.close().catch(() => {})
  }
}

/** What a person can do something with: the gateway's own words, with the next step, instead of the SDK's around them. */
function silenceOf(server: string, error: unknown): Silence {
  const message = error instanceof Error ? error.message : String(error)
  if (/timed out/i.test(message)) {
    const seconds = LOOK_TIMEOUT_MS / 1000
    return {
      problem: `${vitalsError('SERVER_UNRESPONSIVE', { server, seconds }).message} ${ERRORS.SERVER_UNRESPONSIVE.next}`,
    }
  }
  const ours = gatewayWords(error)
  if (ours !== undefined) return { problem: ours }
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
