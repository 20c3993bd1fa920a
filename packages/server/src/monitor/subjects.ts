import { type CheckEntry, type CheckTools, checkEntry, createCheck } from '../checks/index.js'
import type { Subject } from './monitor.js'
import type { MonitorOptions } from './options.js'

/** A server of the configuration, as far as a check needs to know it. */
export type ServerToCheck =
  | {
      readonly command: string
      readonly args: readonly string[]
      readonly env: Readonly<Record<string, string>>
      readonly cwd?: string | undefined
    }
  | { readonly url: string; readonly headers: Readonly<Record<string, string>>; readonly transport: 'http' | 'sse' }

/** What stands in the configuration to be watched. */
export interface Watched {
  readonly options: MonitorOptions
  readonly servers: Readonly<Record<string, ServerToCheck>>
  /** Where our own metrics are served; absent where there is no server for them. */
  readonly metricsUrl?: string | undefined
  /** Providers that are asked how they are. */
  readonly providers: Readonly<Record<string, CheckEntry>>
}

/** Everything that is to be watched, in the order in which it is told. A name that comes twice gets its kind in front. */
export function subjectsOf(
  { options, servers, metricsUrl, providers }: Watched,
  tools: CheckTools,
): readonly Subject[] {
  const subjects = new Map<string, Subject>()
  const add = (kind: string, name: string, entry: CheckEntry, own: Partial<Subject> = {}) => {
    const free = subjects.has(name) ? `${kind}_${name}` : name
    const { intervalMs = options.intervalMs, retries = options.retries } = own
    const { type, timeoutMs } = entry
    const { server } = own
    const check = createCheck(entry, tools)
    const found = { name: free, type, check, timeoutMs, intervalMs, retries }
    subjects.set(free, server === undefined ? found : { ...found, server })
  }
  const { api, timeoutMs } = options
  if (api.url !== undefined) add('component', 'api', httpEntry(healthOf(api.url), timeoutMs, bearer(api.key)))
  if (metricsUrl !== undefined) add('component', 'metrics_server', httpEntry(metricsUrl, timeoutMs))
  for (const [name, server] of Object.entries(servers)) {
    const own = Object.hasOwn(options.servers, name) ? options.servers[name] : undefined
    if (own?.enabled === false) continue
    const intervalMs = own?.intervalMs ?? ('command' in server ? options.stdioIntervalMs : options.intervalMs)
    const { expectTools = [], calls = [], retries = options.retries } = own ?? {}
    const mostMs = own?.timeoutMs ?? ('command' in server ? options.stdioTimeoutMs : timeoutMs)
    const asked = { listTools: true, expectTools, calls, timeoutMs: mostMs }
    add('server', name, serverEntry(server, asked), { intervalMs, retries, server: name })
  }
  for (const [name, entry] of Object.entries(options.components)) {
    const { intervalMs, retries } = entry
    add('component', name, entry, { retries, ...(intervalMs !== undefined && { intervalMs }) })
  }
  for (const [name, entry] of Object.entries(providers)) add('provider', name, entry)
  return [...subjects.values()]
}

function serverEntry(server: ServerToCheck, asked: Readonly<Record<string, unknown>>): CheckEntry {
  if ('url' in server) {
    const { url, headers, transport } = server
    return checkEntry({ type: 'mcp', url, headers, transport, ...asked })
  }
  const { command, args, env, cwd } = server
  return checkEntry({ type: 'mcp', command, args, env, ...(cwd !== undefined && { cwd }), ...asked })
}

function httpEntry(url: string, timeoutMs: number, headers: Record<string, string> = {}): CheckEntry {
  return checkEntry({ type: 'http', url, headers, timeoutMs })
}

const bearer = (key: string | undefined): Record<string, string> =>
  key === undefined ? {} : { authorization: `Bearer ${key}` }

/** An address without a path means the API as a whole, which tells of itself at /health. */
function healthOf(address: string): string {
  const url = new URL(address)
  if (url.pathname === '/') url.pathname = '/health'
  return url.href
}
