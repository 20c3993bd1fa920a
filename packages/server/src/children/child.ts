import { type ChildProcess, spawn } from 'node:child_process'
import { PassThrough, type Readable, type Writable } from 'node:stream'
import { setTimeout as delay, setImmediate as turnOfLoop } from 'node:timers/promises'
import { processGroup } from './group.js'
import { membersOf } from './proc.js'

/** How long what a leader leaves behind in its group may take to end after SIGTERM. Milliseconds. */
const LEFT_BEHIND_GRACE_MS = 2_000
/** How long after the exit the last output is waited for, where something outside the group holds the pipe. Milliseconds. */
const LAST_OUTPUT_MS = 500

/** Why a process could not be started. `not_found`: no such command, or no such `cwd`. */
export type StartFailure = 'not_found' | 'not_executable' | 'failed'

export interface ChildExit {
  /** Exit status; null where a signal ended it or it never started. */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** Present where it never started. */
  readonly startFailure?: StartFailure
}

export interface ChildOptions {
  readonly command: string
  readonly args?: readonly string[]
  /** The whole environment: see `minimalEnvironment`, or pass `process.env` to hand everything on. */
  readonly env: Readonly<NodeJS.ProcessEnv>
  readonly cwd?: string | undefined
  /** `pipe`: `stderr` is a stream, which the caller must read. `inherit`: it goes where this process's goes. */
  readonly stderr: 'pipe' | 'inherit' | 'ignore'
}

/** A running server process, its group and its pipes. */
export interface Child {
  /** Absent where it never started. */
  readonly pid: number | undefined
  /** Errors of a pipe (EPIPE after the end) are swallowed: `exited` tells. */
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable | undefined
  /** Resolves once it exited and its last output was handed out; never rejects. */
  readonly exited: Promise<ChildExit>
  /** Resolves once nobody of its group is left, or SIGKILL did not help either; never rejects. */
  readonly cleared: Promise<void>
  /** Processes of its group that run although it has exited itself. Reads /proc: for collections, not for calls. */
  orphans(): number
  /** Sends a signal to the process and all that it started. False where nobody is left. */
  kill(signal: NodeJS.Signals): boolean
  /**
   * The stdio shutdown of MCP: closes its input, waits `graceMs`, then SIGTERM, waits `graceMs`, then SIGKILL, each
   * to the whole group. Resolves when nobody is left. Idempotent.
   */
  end(graceMs: number): Promise<ChildExit>
}

/**
 * Starts a server process without a shell, as leader of a process group of its own, so that nothing it started outlives
 * it. Never throws: a start that failed is a child whose `exited` resolves with `startFailure`.
 */
export function startChild(options: ChildOptions): Child {
  let process: ChildProcess
  try {
    process = spawn(options.command, options.args ?? [], {
      cwd: options.cwd,
      env: options.env,
      stdio: ['pipe', 'pipe', options.stderr],
      detached: true,
      windowsHide: true,
    })
  } catch (error) {
    return unstarted(failureOf(error))
  }
  return supervise(process)
}

function supervise(process: ChildProcess): Child {
  const group = processGroup(process)
  const stdin = process.stdin ?? new PassThrough()
  const stdout = process.stdout ?? new PassThrough().end()
  const stderr = process.stderr ?? undefined
  for (const pipe of [stdin, stdout, stderr]) pipe?.on('error', () => {})

  /** Resolves at the exit itself, before the last output. */
  const left = new Promise<ChildExit>((resolve) => {
    process.once('error', (error) => {
      if (process.pid === undefined) resolve({ code: null, signal: null, startFailure: failureOf(error) })
    })
    process.once('exit', (code, signal) => resolve({ code, signal }))
  })
  const closed = new Promise<void>((resolve) => process.once('close', () => resolve()))

  async function clearGroup(): Promise<void> {
    if (!group.signal('SIGTERM') || (await group.gone(LEFT_BEHIND_GRACE_MS))) return
    group.signal('SIGKILL')
    await group.gone(LEFT_BEHIND_GRACE_MS)
  }

  /** Where the loop was held up for so long the time is over before the pipe was looked at: it is in the turn that follows. */
  async function lastOutput(): Promise<void> {
    await delay(LAST_OUTPUT_MS)
    await turnOfLoop()
  }

  let hasLeft = false
  const cleared = left.then(() => {
    hasLeft = true
    return clearGroup()
  })
  const exited = left.then(async (exit) => {
    if (exit.startFailure === undefined) await Promise.race([closed, cleared.then(lastOutput)])
    return exit
  })

  async function shutDown(graceMs: number): Promise<ChildExit> {
    stdin.end()
    if (!(await settles(left, graceMs))) {
      group.signal('SIGTERM')
      if (!(await settles(left, graceMs))) group.signal('SIGKILL')
    }
    await cleared
    return exited
  }

  let ending: Promise<ChildExit> | undefined
  return {
    pid: process.pid,
    stdin,
    stdout,
    stderr,
    exited,
    cleared,
    // A zombie counts for the system until its parent has looked, and for nobody else.
    orphans: () => (hasLeft && group.signal(0) ? (membersOf(process.pid!)?.length ?? 1) : 0),
    kill: (signal) => group.signal(signal),
    end(graceMs) {
      ending ??= shutDown(graceMs)
      return ending
    },
  }
}

async function settles(promise: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  const stop = new AbortController()
  const late = delay(timeoutMs, false, { signal: stop.signal }).catch(() => false)
  const settled = await Promise.race([promise.then(() => true), late])
  stop.abort()
  return settled
}

function failureOf(error: unknown): StartFailure {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'not_found'
    case 'EACCES':
    case 'ENOEXEC':
      return 'not_executable'
    default:
      return 'failed'
  }
}

/** Stands for a process that the system refused before there was anything to listen to. */
function unstarted(startFailure: StartFailure): Child {
  const exited = Promise.resolve<ChildExit>({ code: null, signal: null, startFailure })
  return {
    pid: undefined,
    stdin: new PassThrough().resume(),
    stdout: new PassThrough().end(),
    stderr: undefined,
    exited,
    cleared: Promise.resolve(),
    orphans: () => 0,
    kill: () => false,
    end: () => exited,
  }
}
