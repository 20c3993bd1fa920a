import { writeSync } from 'node:fs'
import { constants } from 'node:os'
import { createChildMark } from '../children/index.js'
import { ERRORS, VitalsError, vitalsError } from '../errors/index.js'
import { createStdioProxy, serverName } from '../sources/stdio-proxy/index.js'
import { keepRecord } from './wrap-orphans.js'
import { openStdin, openStdout } from './wrap-pipes.js'
import { rulesFor } from './wrap-rules.js'
import { openShipping } from './wrap-shipping.js'

export interface WrapArguments {
  /** Name of the server in events. Default: made from the command. */
  readonly name?: string
  /** State directory. Default: the one that every program of this user finds. */
  readonly dataDir?: string
  readonly command: string
  readonly args: readonly string[]
}

/** Handed on to the server. A signal that is not here does to this process what it would do without us. */
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const
/** Exit statuses of a shell whose command cannot be run. */
const NOT_FOUND = 127
const NOT_EXECUTABLE = 126
/** Node starts its debugger at SIGUSR1, and ignores SIGPIPE: raising them would not end this process. */
const NOT_RAISED: readonly string[] = ['SIGUSR1', 'SIGPIPE']

/**
 * Runs a stdio MCP server between its client and itself, and resolves to the exit status once it ended: the server’s own.
 * A server that a signal ended ends this process by the same signal. Writes nothing to stdout, and to stderr only when the
 * command cannot be run, or the state directory cannot be used.
 */
export async function runWrap({ name, dataDir, command, args }: WrapArguments): Promise<number> {
  const server = name ?? serverName(command, args)
  const shipping = openShipping(server, dataDir, tellUnusable)
  const parent = process.ppid
  const mark = createChildMark()
  const rules = await rulesFor(server, dataDir)
  const proxy = createStdioProxy({
    name: server,
    session: shipping.session,
    command,
    args,
    env: { ...process.env, ...mark.env },
    stdin: openStdin(),
    stdout: openStdout(),
    publish: shipping.publish,
    now: Date.now,
    clock: () => performance.now(),
    rules,
    hasClient: () => process.ppid === parent,
  })
  const forget = forwardSignals((signal) => proxy.signal(signal))
  await proxy.start()
  const forgetServer = keepRecord(shipping.opened, proxy.pid, mark)
  const { code, signal, startFailure } = await proxy.exited
  await shipping.park()
  await forgetServer()
  forget()
  if (startFailure === 'not_found') return refuse(NOT_FOUND, vitalsError('COMMAND_NOT_FOUND', { command }).explain())
  if (startFailure) return refuse(NOT_EXECUTABLE, vitalsError('COMMAND_NOT_EXECUTABLE', { command }).explain())
  if (signal === null) return code ?? 1
  if (!NOT_RAISED.includes(signal)) process.kill(process.pid, signal)
  return 128 + constants.signals[signal]
}

function forwardSignals(forward: (signal: NodeJS.Signals) => void): () => void {
  const forwarded = FORWARDED.filter((signal) => signal in constants.signals)
  for (const signal of forwarded) process.on(signal, forward)
  return () => {
    for (const signal of forwarded) process.off(signal, forward)
  }
}

/** One line, by the descriptor: whoever started us may have closed it, which must not end the server. */
function tellUnusable(error: unknown): void {
  const reason = error instanceof VitalsError ? `${error.message} ${ERRORS[error.code].next}` : String(error)
  try {
    writeSync(2, `mcp-vitals: nothing is recorded, though the server runs. ${reason}\n`)
  } catch {
    // Nobody reads it.
  }
}

function refuse(status: number, text: string): number {
  process.stderr.write(`mcp-vitals: ${text}\n`)
  return status
}
