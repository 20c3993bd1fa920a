import {
  type CheckEntry,
  type CheckResult,
  type CheckTools,
  checkEntry,
  createCheck,
  type OpenHosted,
} from '../checks/index.js'
import { CONNECTIVITY } from './connectivity.js'
import type { Subject } from './contract.js'
import type { Heartbeats } from './heartbeats.js'
import { API, METRICS_SERVER, type MonitorOptions } from './options.js'

/** A server of the configuration, as far as a check needs to know it. */
export type ServerToCheck =
  | {
      readonly command: string
      readonly args: readonly string[]
      readonly env: Readonly<Record<string, string>>
      readonly cwd?: string | undefined
    }
  | { readonly url: string; readonly headers: Readonly<Record<string, string>>; readonly transport: 'http' | 'sse' }
  /** It lives in this process. */
  | { readonly open: OpenHosted }

/** What stands in the configuration to be watched. */
export interface Watched {
  readonly options: MonitorOptions
  readonly servers: Readonly<Record<string, ServerToCheck>>
  /** Where our own metrics server says how it is, and the token that it may ask for; absent where there is none. */
  readonly metrics?: { readonly url: string; readonly token?: string | undefined } | undefined
  /** Providers that are asked how they are. */
  readonly providers: Readonly<Record<string, CheckEntry>>
  /** Who takes heartbeats; where nobody does, components of that type are left out. */
  readonly heartbeats?: Heartbeats
  /** Whether a process that runs of a stdio server answers; undefined: none runs that can be asked. Default: none does. */
  readonly answers?: (server: string, timeoutMs: number) => Promise<boolean | undefined>
}

/** Looking is cheap, and late ones shall be told of soon: four times within the grace, once a second at most. */
const LEAST_LOOK_MS = 1_000
const LOOKS_IN_GRACE = 4

/** Everything that is to be watched, in the order in which it is told. A name that comes twice gets its kind in front. */
export function subjectsOf(
  { options, servers, metrics, providers, heartbeats, answers }: Watched,
  tools: CheckTools,
): readonly Subject[] {
  const subjects = new Map<string, Subject>()
  const freeName = (kind: string, name: string) =>
    subjects.has(name) || name === CONNECTIVITY ? `${kind}_${name}` : name
  const add = (
    kind: string,
    name: string,
    entry: CheckEntry,
    own: Partial<Subject> & { readonly open?: OpenHosted | undefined } = {},
  ) => {
    const free = freeName(kind, name)
    const { intervalMs = options.intervalMs, retries = options.retries } = own
    const { type, timeoutMs } = entry
    const { server, between, open } = own
    const check = createCheck(entry, open ? { ...tools, open } : tools)
    const host = hostBeyond(entry)
    const found = { name: free, type, check, timeoutMs, intervalMs, retries, ...(host !== undefined && { host }) }
    subjects.set(free, { ...found, ...(server !== undefined && { server }), ...(between && { between }) })
  }
  const { api, timeoutMs } = options
  if (api.url !== undefined) add('component', API, httpEntry(healthOf(api.url), timeoutMs, bearer(api.key)))
  if (metrics) add('component', METRICS_SERVER, httpEntry(metrics.url, timeoutMs, bearer(metrics.token)))
  for (const [name, server] of Object.entries(servers)) {
    const own = Object.hasOwn(options.servers, name) ? options.servers[name] : undefined
    if (own?.enabled === false) continue
    const everyMs = own?.intervalMs ?? ('command' in server ? options.stdioIntervalMs : options.intervalMs)
    const between =
      'command' in server && answers ? { everyMs, ask: () => ask(name, timeoutMs, answers, tools) } : undefined
    const intervalMs = between ? Math.min(everyMs, options.intervalMs) : everyMs
    const { expectTools = [], calls = [], retries = options.retries } = own ?? {}
    const mostMs = own?.timeoutMs ?? ('command' in server ? options.stdioTimeoutMs : timeoutMs)
    const asked = { listTools: true, expectTools, calls, timeoutMs: mostMs }
    const ways = { ...(between && { between }), ...('open' in server && { open: server.open }) }
    add('server', name, serverEntry(name, server, asked), { intervalMs, retries, server: name, ...ways })
  }
  for (const [name, entry] of Object.entries(options.components)) {
    if (entry.type === 'heartbeat') {
      const intervalMs = Math.min(options.intervalMs, Math.max(LEAST_LOOK_MS, entry.graceMs / LOOKS_IN_GRACE))
      const ways = { timeoutMs: options.timeoutMs, intervalMs, retries: 0, failureThreshold: 1, successThreshold: 1 }
      const free = freeName('component', name)
      if (heartbeats)
        subjects.set(free, { name: free, type: entry.type, check: heartbeats.checkOf(name, entry), ...ways })
      continue
    }
    const { intervalMs, retries } = entry
    add('component', name, entry, { retries, ...(intervalMs !== undefined && { intervalMs }) })
  }
  for (const [name, entry] of Object.entries(providers)) add('provider', name, entry)
  return [...subjects.values()]
}

async function ask(
  server: string,
  timeoutMs: number,
  answers: NonNullable<Watched['answers']>,
  { clock }: CheckTools,
): Promise<CheckResult | undefined> {
  const begun = clock()
  const isAnswered = await answers(server, timeoutMs)
  if (isAnswered === undefined) return undefined
  const latencyMs = clock() - begun
  return isAnswered ? { ok: true, latencyMs } : { ok: false, latencyMs, reason: 'timeout' }
}

/** The labels that alerts have of it: what windows of maintenance are matched with. */
export function labelsOf({ name, server }: Subject): Readonly<Record<string, string>> {
  return server === undefined ? { check: name } : { server }
}

const LOOPBACK = /^(?:localhost|127\.[\d.]+|\[?::1\]?)$/i

/** The host that a check asks, where that is not this machine. */
function hostBeyond(entry: CheckEntry): string | undefined {
  const host = hostOf(entry)
  return host === undefined || LOOPBACK.test(host) ? undefined : host
}

function hostOf(entry: CheckEntry): string | undefined {
  if (entry.type === 'dns') return entry.resolver ?? entry.host
  if ('url' in entry && entry.url !== undefined) return new URL(entry.url).hostname || undefined
  return 'host' in entry ? entry.host : undefined
}

/** What is asked to find out whether the monitor itself is cut off. */
export function targetsOf({ connectivity, intervalMs }: MonitorOptions, tools: CheckTools): readonly Subject[] {
  return connectivity.targets.map((entry, index) => {
    const { type, timeoutMs } = entry
    return { name: `target_${index + 1}`, type, check: createCheck(entry, tools), timeoutMs, intervalMs, retries: 0 }
  })
}

function serverEntry(name: string, server: ServerToCheck, asked: Readonly<Record<string, unknown>>): CheckEntry {
  if ('open' in server) return checkEntry({ type: 'mcp', server: name, ...asked })
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
