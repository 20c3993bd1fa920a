import type { Readable } from 'node:stream'
import { type StartFailure, startChild } from '../children/index.js'

/** How much of the last standard error is held, in bytes. */
const TAIL_BYTES = 4096
/** Standard error is no result, and may be as much longer than one. */
const ERROR_FACTOR = 16

export interface RunOptions {
  /** Program and all arguments. No shell reads them. */
  readonly line: readonly string[]
  readonly folder: string
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>
  readonly timeoutMs: number
  /** Between SIGTERM and SIGKILL. */
  readonly graceMs: number
  readonly maxOutputBytes: number
  /** What it may read on its standard input, before the end of that. Default: nothing. */
  readonly input?: Buffer
  /** Ends it, as a time-out does. */
  readonly signal: AbortSignal
  /** Remembers the process group that it leads. The result forgets it, once nobody is left. */
  readonly onStart?: (pid: number) => () => void
  /** Takes its standard error as it comes; what it returns counts as last words. Default: all of it. */
  readonly onError?: (bytes: Buffer) => Buffer
}

/** How a run ended. `late`: it took too long. `flooded`: it printed too much. `unstarted`: there was no such program. */
export type RunEnd = 'exited' | 'killed' | 'late' | 'cancelled' | 'flooded' | 'unstarted'

export interface RunResult {
  readonly end: RunEnd
  /** Exit status; null where a signal ended it, or it never ran. */
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly startFailure?: StartFailure
  readonly output: Buffer
  /** The end of its standard error. */
  readonly lastWords: string
  /** Resolves once nobody of its process group is left. */
  readonly cleared: Promise<void>
}

/** Runs a program to its end, within limits. Never rejects. */
export async function runProgram(options: RunOptions): Promise<RunResult> {
  const { line, folder, env, timeoutMs, graceMs, maxOutputBytes, signal, onStart, onError = (bytes) => bytes } = options
  const [command = '', ...args] = line
  const child = startChild({ command, args, cwd: folder, env, stderr: 'pipe' })
  const forget = child.pid === undefined ? undefined : onStart?.(child.pid)
  let why: RunEnd | undefined
  let killer: NodeJS.Timeout | undefined

  function stop(reason: RunEnd, first: NodeJS.Signals): void {
    if (why !== undefined) return
    why = reason
    child.kill(first)
    if (first !== 'SIGKILL') killer = setTimeout(() => child.kill('SIGKILL'), graceMs)
  }

  const timer = setTimeout(() => stop('late', 'SIGTERM'), timeoutMs)
  const onAbort = () => stop('cancelled', 'SIGTERM')
  if (signal.aborted) onAbort()
  else signal.addEventListener('abort', onAbort, { once: true })
  const flood = () => stop('flooded', 'SIGKILL')
  const output = collect(child.stdout, maxOutputBytes, flood)
  const lastWords = tailOf(child.stderr, maxOutputBytes * ERROR_FACTOR, flood, onError)
  // Whether it reads it is its own affair.
  child.stdin.end(options.input)

  const { code, signal: endedBy, startFailure } = await child.exited
  clearTimeout(timer)
  clearTimeout(killer)
  signal.removeEventListener('abort', onAbort)
  const cleared = child.cleared.then(() => forget?.())
  const end = startFailure ? 'unstarted' : (why ?? (endedBy === null ? 'exited' : 'killed'))
  const base = { end, status: code, signal: endedBy, output: output(), lastWords: lastWords(), cleared }
  return startFailure ? { ...base, startFailure } : base
}

/** Holds what comes, up to a limit; beyond it nothing more, and `onFlood` is told. */
function collect(stream: Readable, maxBytes: number, onFlood: () => void): () => Buffer {
  const chunks: Buffer[] = []
  let size = 0
  stream.on('data', (chunk: Buffer) => {
    if (size > maxBytes) return
    size += chunk.length
    if (size > maxBytes) onFlood()
    else chunks.push(chunk)
  })
  return () => Buffer.concat(chunks)
}

function tailOf(
  stream: Readable | undefined,
  maxBytes: number,
  onFlood: () => void,
  onError: (bytes: Buffer) => Buffer,
): () => string {
  let tail: Buffer = Buffer.alloc(0)
  let size = 0
  stream?.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > maxBytes) return onFlood()
    const kept = onError(chunk)
    if (kept.length > 0) tail = Buffer.concat([tail, kept.subarray(-TAIL_BYTES)]).subarray(-TAIL_BYTES)
  })
  return () => tail.toString('utf8').trim()
}
