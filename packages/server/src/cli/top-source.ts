import { ownSignal } from '../checks/index.js'
import { vitalsError } from '../errors/index.js'
import {
  type AlertTold,
  type Answers,
  queriesOf,
  type Series,
  type ServerTold,
  type Snapshot,
  snapshotOf,
} from '../top/index.js'
import { type Asked, type AskFlags, findDaemon, request } from './ask.js'
import type { Terminal } from './terminal.js'

/** How long the daemon may take over one look. Milliseconds. */
const LOOK_TIMEOUT_MS = 5_000
/** Names of metrics end so, whatever the prefix is. */
const KNOWN_METRIC = '_tool_calls_total'

interface Answer<D> {
  readonly status?: string
  readonly error?: string
  readonly data?: D
}

/** Looks at the daemon again and again. */
export interface TopSource {
  /** Rejects with DAEMON_NOT_FOUND, DAEMON_SILENT, DAEMON_LOCKED (asked once, not more), or QUERY_REFUSED. */
  look(signal: AbortSignal): Promise<Snapshot>
}

/**
 * The daemon that `flags` name. It is found anew at each look, by the state directory: one that was started again may
 * have another address.
 */
export function createTopSource(flags: AskFlags, env: Terminal['env']): TopSource {
  /** Per address: what names of metrics begin with there, and its version. */
  let known: { readonly url: string; readonly prefix: string; readonly version: string } | undefined

  async function look(limit: AbortSignal): Promise<Snapshot> {
    const daemon = await findDaemon(flags, env)
    const { url } = daemon
    const get = <D>(path: string, parameters?: Record<string, string>) =>
      asked<D>(daemon, `${path}${parameters ? `?${new URLSearchParams(parameters)}` : ''}`, limit)
    if (known?.url !== url) known = await meet(url, get)
    const queries = Object.entries(queriesOf(known.prefix))
    // One question goes before the others, as each that is refused counts as an attempt at the door.
    const { alerts = [] } = (await get<unknown>('/admin/api/alerts')) as { readonly alerts?: readonly AlertTold[] }
    const [told, ...answers] = await Promise.all([
      // Its tables of calls are not shown here: a short time spares the daemon making them.
      get<unknown>('/admin/api/servers', recently()),
      ...queries.map(([, query]) => get<{ readonly result: readonly Series[] }>('/api/v1/query', { query })),
    ])
    const { servers = [] } = told as { readonly servers?: readonly ServerTold[] }
    const found = queries.map(([name], at) => [name, answers[at]?.data?.result ?? []])
    const about = { atMs: Date.now(), url, version: known.version }
    return snapshotOf(Object.fromEntries(found) as Answers, { servers, alerts }, about)
  }

  return {
    async look(signal) {
      const own = ownSignal(signal)
      const late = () => own.abort(new Error(`no answer within ${LOOK_TIMEOUT_MS / 1000} s`))
      const timer = setTimeout(late, LOOK_TIMEOUT_MS)
      try {
        return await look(own.signal)
      } catch (error) {
        // What answers there next may be another one.
        known = undefined
        throw error
      } finally {
        clearTimeout(timer)
        own.release()
      }
    },
  }
}

function recently() {
  const to = Date.now()
  return { from: String(to - 60_000), to: String(to) }
}

type Get = <D>(path: string, parameters?: Record<string, string>) => Promise<Answer<D>>

async function meet(url: string, get: Get) {
  const about = await get<{ readonly version?: string }>('/api/v1/status/buildinfo')
  const names = await get<readonly string[]>('/api/v1/label/__name__/values')
  const metric = names.data?.find((name) => name.endsWith(KNOWN_METRIC) && !name.endsWith(`_client${KNOWN_METRIC}`))
  return {
    url,
    prefix: metric?.slice(0, -KNOWN_METRIC.length) ?? 'mcp',
    version: /mcp-vitals\.(.+)$/.exec(about.data?.version ?? '')?.[1] ?? '',
  }
}

async function asked<D>(daemon: Asked, path: string, signal: AbortSignal): Promise<Answer<D>> {
  const response = await request(daemon, path, { signal })
  const answer = (await response.json().catch(() => ({}))) as Answer<D>
  if (response.ok) return answer
  throw vitalsError('QUERY_REFUSED', { reason: answer.error ?? `${daemon.url} answered ${response.status}.` })
}
