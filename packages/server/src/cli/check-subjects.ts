import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { type Config, loadConfig } from '../config/index.js'
import { type DataDir, openDataDir } from '../datadir/index.js'
import { vitalsError } from '../errors/index.js'
import { type ServerToCheck, type Subject, subjectsOf } from '../monitor/index.js'
import { serverName } from '../sources/stdio-proxy/index.js'
import { noteUnkept } from './check-memory.js'
import { findOwnFile } from './find.js'
import { reachableServers } from './plugins-command.js'
import type { Terminal } from './terminal.js'

export interface CheckRequest {
  readonly target?: string | undefined
  readonly wrapped: readonly string[]
  readonly config?: string
  readonly timeoutMs?: number | undefined
  readonly data?: string
}

export interface ToCheck {
  readonly subjects: readonly Subject[]
  readonly options: Config['monitor']
  /** Whether a subject is in maintenance now. */
  readonly isPaused: (subject: Subject) => boolean
  /** Where it is remembered what was; absent where it cannot be opened. */
  readonly dataDir: DataDir | undefined
  /** The file there: one server by itself has one of its own, as its name is no name of the configuration. */
  readonly memoryName: string
}

/** What is to be checked. Rejects with NOTHING_TO_CHECK, CHECK_OPTION_INVALID, or what is wrong with the configuration. */
export async function subjectsToCheck(request: CheckRequest, terminal: Terminal): Promise<ToCheck> {
  const { target, wrapped, data, timeoutMs } = request
  const [command, ...args] = wrapped
  if (target !== undefined && command !== undefined)
    throw vitalsError('CHECK_OPTION_INVALID', { option: target, problem: 'it stands beside a command' })
  const { env } = terminal
  const single = command !== undefined ? commandOf(command, args, env) : target === undefined ? {} : addressOf(target)
  const isSingle = Object.keys(single).length > 0
  // One server is judged by what this person has configured, too.
  const file = request.config ?? (target !== undefined && !isSingle ? target : findOwnFile(env))
  const { config } = loadConfig({ file, env })
  const dataDir = await openDataDir(data ?? config.dataDir).catch((error: Error) => {
    noteUnkept(terminal, error)
    return undefined
  })
  const daemon = await dataDir?.findDaemon()
  const { monitor } = config
  const options = timeoutMs === undefined ? monitor : { ...monitor, timeoutMs, stdioTimeoutMs: timeoutMs }
  const providers = Object.entries(config.providers).flatMap(([name, entry]) =>
    entry.type === 'calls' ? [] : [[name, entry] as const],
  )
  const base = daemon?.url ?? `http://127.0.0.1:${config.listen.port}`
  const subjects = subjectsOf(
    isSingle
      ? { options: { ...options, api: {}, servers: {}, components: {} }, servers: single, providers: {} }
      : {
          options,
          servers: reachableServers(config.servers),
          providers: Object.fromEntries(providers),
          metrics: metricsOf(config, daemon?.url),
        },
    {
      addressOf: (server) => `${base}/mcp/${encodeURIComponent(server)}`,
      transportOf: () => 'http',
      headersOf: () => ({}),
      clock: () => performance.now(),
    },
  )
  if (subjects.length === 0) throw vitalsError('NOTHING_TO_CHECK', { file: file ?? 'no file' })
  return {
    subjects,
    options,
    isPaused: await pausesOf(config),
    dataDir,
    memoryName: memoryNameOf(isSingle ? (target ?? wrapped) : undefined),
  }
}

function memoryNameOf(single: string | readonly string[] | undefined): string {
  if (single === undefined) return 'check.json'
  // A hash, since an address and a command may hold what is nobody else's affair.
  return `check-${createHash('sha256').update(JSON.stringify(single)).digest('hex').slice(0, 16)}.json`
}

/** What evaluates windows is loaded where there are some. */
async function pausesOf(config: Config): Promise<ToCheck['isPaused']> {
  return config.monitor.maintenance.length === 0 ? () => false : (await import('./check-pauses.js')).pausesOf(config)
}

/** The metrics server that the configuration names, else the daemon that runs. */
function metricsOf({ metrics, listen: { host, adminToken: token } }: Config, daemonUrl: string | undefined) {
  if (metrics.port !== undefined) return { url: `http://${reached(host)}:${metrics.port}/health`, token }
  return daemonUrl === undefined ? undefined : { url: `${daemonUrl}/health`, token }
}

/** What listens everywhere is reached here as well. */
function reached(host: string): string {
  const address = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return address.includes(':') ? `[${address}]` : address
}

/** One server at an address; none for what is no address, and so a file. Throws CONFIG_NOT_FOUND where there is no such file. */
export function addressOf(target: string): Record<string, Extract<ServerToCheck, { readonly url: string }>> {
  if (!/^https?:\/\//.test(target) || !URL.canParse(target)) {
    if (!existsSync(target)) throw vitalsError('CONFIG_NOT_FOUND', { file: target })
    return {}
  }
  const url = new URL(target)
  const transport = /\/sse\/?$/.test(url.pathname) ? ('sse' as const) : ('http' as const)
  return { [url.hostname.replaceAll(/[^\w.-]/g, '_')]: { url: target, headers: {}, transport } }
}

/** One server by its command, with the whole environment, as a client of a person would start it. */
export function commandOf(
  command: string,
  args: readonly string[],
  env: Terminal['env'],
): Record<string, Extract<ServerToCheck, { readonly command: string }>> {
  const known = Object.entries(env).filter((pair): pair is [string, string] => pair[1] !== undefined)
  return { [serverName(command, args)]: { command, args, env: Object.fromEntries(known) } }
}
