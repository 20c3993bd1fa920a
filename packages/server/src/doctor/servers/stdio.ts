import { setTimeout as delay } from 'node:timers/promises'
import { type JSONRPCMessage, ProtocolError, serializeMessage, type Transport } from '@modelcontextprotocol/client'
import { newClient } from '../../checks/index.js'
import { type Child, type ChildExit, minimalEnvironment, startChild } from '../../children/index.js'
import type { Asked, Patient, ServerToTry } from '../contract.js'
import { lookAround, type SessionSeen } from './session.js'

export type StdioServer = Extract<ServerToTry, { readonly command: string }>

/** Longest line that is read: what is longer is no message for a model. */
const MAX_LINE_BYTES = 16_777_216
/** How much of what a process said last is kept. */
const MAX_SAID_CHARACTERS = 16_384
/** A session is several questions, and each may take its time. */
const MOST_WAITS = 2
/** How long after the end of its output the end of a process is waited for. Milliseconds. */
const END_MS = 1_000
/** How long it may take to leave, first after the end of its input, then after SIGTERM. Milliseconds. */
const LEAVE_GRACE_MS = 500

/** Lines on standard output that are no message of JSON-RPC. */
export interface Junk {
  readonly lines: number
  /** As it came, cut. */
  readonly first: string
  /** `json`: it could be read, and is no message of JSON-RPC. */
  readonly is: 'text' | 'json' | 'lsp'
}

/** What a stdio server did when a client came. */
export interface StdioTrial {
  readonly seen: SessionSeen | undefined
  /** What the session failed with, where the process still ran. */
  readonly error: unknown
  /** Where it ended by itself, or never started. */
  readonly exit: ChildExit | undefined
  /** What it said last on standard error, as it came. */
  readonly stderr: readonly string[]
  readonly junk: Junk | undefined
  /** Names of the variables that it had. */
  readonly given: ReadonlySet<string>
}

/**
 * Starts a server as its configuration has it, asks what a client asks, and ends it. Rejects where the signal came before.
 *
 * `initialize` comes first, as nearly every client sends it: a server of the legacy era may end, or be silent, at a question that
 * it does not know. One that refuses it is started again, and asked as servers of the modern era are.
 */
export async function tryStdio(
  server: StdioServer,
  asked: Asked,
  patient: Pick<Patient, 'signal' | 'env'>,
): Promise<StdioTrial> {
  const trial = await tryEra('legacy', server, asked, patient)
  return trial.error instanceof ProtocolError ? tryEra('auto', server, asked, patient) : trial
}

async function tryEra(
  mode: 'legacy' | 'auto',
  server: StdioServer,
  asked: Asked,
  { signal, env: shell }: Pick<Patient, 'signal' | 'env'>,
): Promise<StdioTrial> {
  signal.throwIfAborted()
  const env = server.wholeEnvironment ? server.env : minimalEnvironment(server.env, { ...shell })
  const child = startChild({ command: server.command, args: server.args, cwd: server.cwd, env, stderr: 'pipe' })
  const kill = () => child.kill('SIGKILL')
  signal.addEventListener('abort', kill, { once: true })
  const stderr = keepTail(child)
  const { transport, junk } = readingTransport(child)
  const client = newClient(mode)
  let seen: SessionSeen | undefined
  let error: unknown
  let exit: ChildExit | undefined
  const ended = child.exited.then((found) => {
    exit = found
  })
  try {
    const session = lookAround(client, transport, asked).then((found) => {
      seen = found
    })
    session.catch(() => {})
    await within(MOST_WAITS * asked.timeoutMs, Promise.race([session, ended]))
  } catch (thrown) {
    error = thrown
    // Its pipes close before the system tells of its end.
    await within(END_MS, ended).catch(() => {})
  } finally {
    const unasked = exit
    await child.end(LEAVE_GRACE_MS)
    exit = unasked
    await client.close().catch(() => {})
    signal.removeEventListener('abort', kill)
  }
  return { seen, error, exit, stderr: stderr(), junk: junk(), given: new Set(Object.keys(env)) }
}

async function within<T>(timeMs: number, work: Promise<T>): Promise<T> {
  const stop = new AbortController()
  const late = delay(timeMs, undefined, { signal: stop.signal }).then(() => {
    throw new Error(`no answer within ${timeMs} ms`)
  })
  late.catch(() => {})
  try {
    return await Promise.race([work, late])
  } finally {
    stop.abort()
  }
}

/** The last lines of standard error. */
function keepTail(child: Child): () => readonly string[] {
  let tail = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-MAX_SAID_CHARACTERS)
  })
  return () => tail.split(/\r?\n|\r/).filter((line) => line.trim() !== '')
}

/**
 * The client's end of a process that its owner ends. It goes on after a line that is no message, as the gateway does, and
 * keeps the first of them.
 */
function readingTransport(child: Child): { readonly transport: Transport; readonly junk: () => Junk | undefined } {
  let rest = Buffer.alloc(0)
  let junk: Junk | undefined
  const transport: Transport = {
    async start() {
      child.stdout.on('data', (chunk: Buffer) => {
        const bytes = Buffer.concat([rest, chunk])
        let from = 0
        for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
          take(bytes.toString('utf8', from, end).trim())
          from = end + 1
        }
        rest = bytes.subarray(from)
        if (rest.length > MAX_LINE_BYTES) rest = Buffer.alloc(0)
      })
    },
    async send(message) {
      child.stdin.write(serializeMessage(message))
    },
    async close() {
      transport.onclose?.()
    },
  }

  function take(line: string): void {
    if (line === '') return
    const message = messageIn(line)
    if (typeof message === 'object') {
      transport.onmessage?.(message)
      return
    }
    junk = {
      lines: (junk?.lines ?? 0) + 1,
      first: junk?.first ?? line.slice(0, MAX_SAID_CHARACTERS),
      is: junk?.is ?? message,
    }
  }

  return { transport, junk: () => junk }
}

function messageIn(line: string): JSONRPCMessage | Junk['is'] {
  if (/^Content-Length: *\d+$/i.test(line)) return 'lsp'
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return 'text'
  }
  const isMessage = typeof value === 'object' && value !== null && (value as { jsonrpc?: unknown }).jsonrpc === '2.0'
  return isMessage ? (value as JSONRPCMessage) : 'json'
}
