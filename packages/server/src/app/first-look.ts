import { Client, type Transport } from '@modelcontextprotocol/client'
import { withOldTransport, withTransport } from '../checks/index.js'
import { ERRORS, vitalsError } from '../errors/index.js'

/** Longest time that one server may take to answer both questions: who are you, and what tools. */
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
  /** What a look says of itself: the key for the server's door. */
  readonly headersOf: (server: string) => Readonly<Record<string, string>>
  readonly transportOf: (server: string) => 'http' | 'sse'
  readonly version: string
  /** Not told of a look that was aborted. */
  readonly onLook: (look: Look) => void
  /** Ends every look at once, whatever its server does. */
  readonly signal: AbortSignal
}

/**
 * Opens a session to each server through our own front door, like every client, lists its tools and ends it. So
 * there is something to see before the first client comes, and a server that cannot start is known at once. Resolves
 * when every server was looked at; never rejects.
 */
export async function takeFirstLook(options: FirstLookOptions): Promise<void> {
  const { servers, onLook, signal } = options
  const waiting = [...servers]
  async function work(): Promise<void> {
    for (let server = waiting.shift(); server !== undefined && !signal.aborted; server = waiting.shift()) {
      const found = await look(server, options)
      if (!signal.aborted) onLook({ server, ...found })
    }
  }
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work))
}

async function look(server: string, options: FirstLookOptions): Promise<{ tools: number } | Silence> {
  const { addressOf, headersOf, transportOf, version, signal } = options
  const isOld = transportOf(server) === 'sse'
  const mode = isOld ? 'legacy' : 'auto'
  const client = new Client({ name: 'mcp-vitals', version }, { versionNegotiation: { mode } })
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
  // The SDK says so on standard output where a server has none, and that is the log's.
  if (!client.getServerCapabilities()?.tools) return 0
  const { tools } = await client.listTools(undefined, { timeout: LOOK_TIMEOUT_MS })
  return tools.length
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
