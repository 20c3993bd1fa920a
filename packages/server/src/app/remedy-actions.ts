import { failureOfExit } from '../checks/index.js'
import { minimalEnvironment, startChild } from '../children/index.js'
import type { RemedyAction, RemedyKind } from '../monitor/index.js'

/** How long a program that is to end may take, first after the end of its input, then after SIGTERM. Milliseconds. */
const LEAVE_GRACE_MS = 1_000

/** What actions do it by. */
export interface RemedyTools {
  /** Ends the processes of a stdio server; false: there is no such server. */
  readonly restartServer: (server: string) => Promise<boolean>
  /** Has the metrics server listen anew; false: there is none. */
  readonly restartMetricsServer: () => Promise<boolean>
}

export interface ToAct {
  readonly action: RemedyAction
  /** The server that the component is, or asks. */
  readonly server: string
  /** Told to commands by their environment. */
  readonly component: string
  readonly timeoutMs: number
  /** Ends what runs. */
  readonly signal: AbortSignal
}

/** What the event calls it. */
export function kindOf(action: RemedyAction): RemedyKind {
  if ('restartUnit' in action) return 'restart_unit'
  if ('command' in action) return 'command'
  return 'restartServer' in action ? 'restart_server' : 'restart_metrics_server'
}

/** Acts. Resolves to why it failed, out of a bounded list; undefined: it did what it should. Never rejects. */
export async function act(toAct: ToAct, tools: RemedyTools): Promise<string | undefined> {
  const { action, server, component, timeoutMs, signal } = toAct
  if ('restartUnit' in action) {
    const { restartUnit, user } = action
    const argv = ['systemctl', ...(user ? ['--user'] : []), '--no-ask-password', 'restart', restartUnit]
    return run(argv, { ...userBus(user) }, timeoutMs, signal)
  }
  if ('command' in action) return run(action.command, { MCP_VITALS_COMPONENT: component }, timeoutMs, signal)
  const restarted = 'restartServer' in action ? tools.restartServer(server) : tools.restartMetricsServer()
  const late = timeout(timeoutMs, signal)
  return Promise.race([restarted.then((done) => (done ? undefined : 'not_found')), late.over])
    .catch(() => 'failed')
    .finally(late.clear)
}

/** Runs a program without a shell. Nothing that it prints is read: it may hold anything. */
async function run(
  argv: readonly string[],
  own: Readonly<Record<string, string>>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  const [command = '', ...args] = argv
  const child = startChild({ command, args, env: minimalEnvironment(own), stderr: 'ignore' })
  child.stdin.end()
  child.stdout.resume()
  const late = timeout(timeoutMs, signal)
  const reason = await Promise.race([child.exited, late.over])
  late.clear()
  // What is left of its group goes with it, however it ended.
  await child.end(LEAVE_GRACE_MS)
  if (typeof reason === 'string') return reason
  if (reason.code === 0) return undefined
  const { reason: why, code } = failureOfExit(reason)
  return code === undefined ? why : `${why} ${code}`
}

function timeout(ms: number, signal: AbortSignal) {
  let clear = () => {}
  const over = new Promise<'timeout' | 'shutdown'>((resolve) => {
    const timer = setTimeout(() => resolve('timeout'), ms)
    const stop = () => resolve('shutdown')
    clear = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
    }
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
  return { over, clear }
}

/** Where the user's own systemd listens. */
function userBus(isWanted: boolean): Record<string, string> {
  const { XDG_RUNTIME_DIR } = process.env
  return isWanted && XDG_RUNTIME_DIR !== undefined ? { XDG_RUNTIME_DIR } : {}
}
