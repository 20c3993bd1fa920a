import {
  ProtocolError,
  SdkError,
  SdkErrorCode,
  SdkHttpError,
  SseError,
  type Transport,
} from '@modelcontextprotocol/client'
import { type Child, minimalEnvironment, startChild } from '../../children/index.js'
import { CheckFailure, failureOf, type Seen } from '../check.js'
import { failureOfExit } from '../command/check.js'
import { newClient } from './client.js'
import { withOldTransport, withTransport } from './client-transports.js'
import { connectionsOfOneCheck } from './connections.js'
import { look } from './look.js'
import type { McpOptions } from './options.js'
import { type Slowest, timeSlowest } from './slowest.js'
import { createChildTransport } from './transport.js'

/** How long a stdio server may take to leave, first after the end of its input, then after SIGTERM. Milliseconds. */
const LEAVE_GRACE_MS = 500

/** How a server of the configuration is reached through the gateway. */
export interface GatewayWay {
  readonly addressOf: (server: string) => string
  readonly transportOf: (server: string) => McpOptions['transport']
  /** What the gateway asks of a client of this server. */
  readonly headersOf: (server: string) => Readonly<Record<string, string>>
}

/** Opens a connection to a server that lives in this process, as if it were one that was started. */
export type OpenHosted = () => Child

/** Well: a session was agreed on, and what was asked in it was answered as expected. It is ended again. */
export function mcpProbe(
  options: McpOptions,
  { addressOf, transportOf, headersOf, open }: GatewayWay & { readonly open?: OpenHosted },
): (signal: AbortSignal) => Promise<Seen> {
  const { server, url, command, args, env, cwd } = options
  if (open) return (signal) => overStdio(open, options, signal)
  if (command !== undefined) {
    const start = () => startChild({ command, args, cwd, env: minimalEnvironment(env), stderr: 'ignore' })
    return (signal) => overStdio(start, options, signal)
  }
  const era: EraMemory = { isLegacy: false }
  return (signal) => {
    const address = server === undefined ? (url as string) : addressOf(server)
    const transport = server === undefined ? options.transport : transportOf(server)
    const asked = server === undefined ? options : { ...options, headers: headersOf(server) }
    return overWeb(transport, address, asked, era, signal)
  }
}

/** What the check before found out. */
interface EraMemory {
  /** The server speaks a revision with `initialize`: it is not asked for the other one first, as long as it answers. */
  isLegacy: boolean
}

async function overWeb(
  transport: McpOptions['transport'],
  url: string,
  options: McpOptions,
  era: EraMemory,
  signal: AbortSignal,
): Promise<Seen> {
  // Not kept alive: between checks nothing of them is left.
  if (transport === 'sse') {
    const requests = { url, headers: { ...options.headers, connection: 'close' }, signal }
    return asClient('legacy', options, (act) => withOldTransport(requests, act))
  }
  const { fetch: ask, close } = connectionsOfOneCheck()
  const requests = { url, headers: options.headers, signal, fetch: ask }
  const lookAs = (mode: 'auto' | 'legacy') => asClient(mode, options, (act) => withTransport(requests, act), era)
  try {
    if (!era.isLegacy) return await lookAs('auto')
    return await lookAs('legacy').catch((error) => {
      era.isLegacy = false
      if (signal.aborted || !isAnswered(error)) throw error
      return lookAs('auto')
    })
  } finally {
    close()
  }
}

/** Whether somebody answered, who may be a server of another era than the one before. */
const isAnswered = ({ reason }: CheckFailure): boolean => reason === 'status' || reason === 'invalid_answer'

/** One session. Rejects with a CheckFailure. */
async function asClient(
  mode: 'auto' | 'legacy',
  options: McpOptions,
  within: (act: (end: Transport) => Promise<Seen>) => Promise<Seen>,
  era?: EraMemory,
): Promise<Seen> {
  const client = newClient(mode)
  try {
    return await within(async (end) => {
      const slowest = timeSlowest(end, CLOCK)
      await client.connect(end, { timeout: options.timeoutMs })
      if (era) era.isLegacy = client.getProtocolEra() === 'legacy'
      // A session is opened once, and no call waits for that: fastmcp holds the answer to `initialize` back for a second.
      const openedMs = slowest.ms()
      slowest.reset()
      return timed(await look(client, options), slowest, openedMs)
    })
  } catch (error) {
    throw failureOfClient(error)
  } finally {
    await client.close().catch(() => {})
  }
}

async function overStdio(start: () => Child, options: McpOptions, signal: AbortSignal): Promise<Seen> {
  const { timeoutMs } = options
  signal.throwIfAborted()
  const child = start()
  const kill = () => child.kill('SIGKILL')
  signal.addEventListener('abort', kill, { once: true })
  const client = newClient()
  const end = createChildTransport(child)
  const slowest = timeSlowest(end, CLOCK)
  const lookAtStarted = async () => {
    await client.connect(end, { timeout: timeoutMs })
    // How long a start takes is no latency that anybody meets at a call.
    slowest.reset()
    return timed(await look(client, options), slowest)
  }
  try {
    return await Promise.race([lookAtStarted(), child.exited.then((exit) => Promise.reject(failureOfExit(exit)))])
  } catch (error) {
    throw failureOfClient(error)
  } finally {
    await child.end(LEAVE_GRACE_MS)
    await client.close().catch(() => {})
    signal.removeEventListener('abort', kill)
  }
}

const CLOCK = () => performance.now()

/** `otherwiseMs`: where nothing was asked. */
function timed(seen: Seen, slowest: Slowest, otherwiseMs?: number): Seen {
  const answerMs = slowest.ms() ?? otherwiseMs
  return answerMs === undefined ? seen : { ...seen, answerMs }
}

function failureOfClient(error: unknown): CheckFailure {
  if (error instanceof SdkHttpError) return new CheckFailure('status', String(error.status))
  if (error instanceof ProtocolError) return new CheckFailure('invalid_answer', String(error.code))
  if (isUnreadable(error)) return new CheckFailure('invalid_answer', 'NO_MESSAGE')
  if (isOfOtherType(error)) return new CheckFailure('invalid_answer', 'CONTENT_TYPE')
  return failureOf(error)
}

/** Whether an answer was neither JSON nor an event stream: a web page, mostly, of another program that answers there. */
function isOfOtherType(error: unknown): boolean {
  if (error instanceof SseError) return error.code === 200
  if (!(error instanceof SdkError)) return false
  return error.code === SdkErrorCode.ClientHttpUnexpectedContent || isOfOtherType(error.cause)
}

/** Whether an answer was no JSON, or JSON of another form than the protocol's. The SDK wraps what it found once. */
function isUnreadable(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return (
    error instanceof SyntaxError || error.name === 'ZodError' || (error.cause !== error && isUnreadable(error.cause))
  )
}
