import { loadConfig } from '../config/index.js'
import { defaultDataDir, openDataDir } from '../datadir/index.js'
import { vitalsError } from '../errors/index.js'
import { findOwnFile } from './find.js'
import type { Terminal } from './terminal.js'

/** How long a daemon may take to answer: what is asked has a limit there. Milliseconds. */
const ANSWER_TIMEOUT_MS = 60_000

/** Which daemon is asked. */
export interface AskFlags {
  readonly url?: string
  readonly data?: string
}

/** An answer of Prometheus's HTTP API. */
export interface ApiAnswer<D> {
  readonly status: string
  readonly error?: string
  readonly data?: D
  readonly warnings?: readonly string[]
  readonly infos?: readonly string[]
}

/**
 * Asks the daemon that runs by Prometheus's HTTP API; the text of the answer stands beside it. Throws DAEMON_NOT_FOUND,
 * DAEMON_SILENT, DAEMON_LOCKED, and QUERY_REFUSED for what is no success.
 */
export async function askApi<D>(
  path: string,
  parameters: URLSearchParams | undefined,
  flags: AskFlags,
  terminal: Pick<Terminal, 'env'>,
): Promise<{ readonly answer: ApiAnswer<D>; readonly text: string }> {
  const { response, text } = await ask(path, parameters, flags, terminal)
  const answer = parsed<ApiAnswer<D>>(text)
  if (answer?.status !== 'success') throw vitalsError('QUERY_REFUSED', { reason: answer?.error ?? refusalOf(response) })
  return { answer, text }
}

/** Asks the daemon that runs for a document of JSON. Throws as `askApi` does. */
export async function askJson<D>(
  path: string,
  flags: AskFlags,
  terminal: Pick<Terminal, 'env'>,
): Promise<{ readonly answer: D; readonly text: string }> {
  const { response, text } = await ask(path, undefined, flags, terminal)
  const answer = parsed<D & { readonly error?: string }>(text)
  if (!response.ok || answer === undefined)
    throw vitalsError('QUERY_REFUSED', { reason: answer?.error ?? refusalOf(response) })
  return { answer, text }
}

const refusalOf = ({ url, status }: Response): string => `${new URL(url).origin} answered ${status}.`

async function ask(
  path: string,
  parameters: URLSearchParams | undefined,
  flags: AskFlags,
  { env }: Pick<Terminal, 'env'>,
): Promise<{ readonly response: Response; readonly text: string }> {
  const response = await request(await findDaemon(flags, env), path, parameters && { method: 'POST', body: parameters })
  return { response, text: await response.text() }
}

/** The daemon that is asked, and what opens its doors. */
export interface Asked {
  readonly url: string
  readonly token: string | undefined
}

/**
 * The daemon that `flags` name: with the administrator's token where the environment has it, else with the owner's of its
 * state directory. Rejects with DAEMON_NOT_FOUND.
 */
export async function findDaemon({ url, data }: AskFlags, env: Terminal['env']): Promise<Asked> {
  const token = env.MCP_VITALS_ADMIN_TOKEN || undefined
  if (url !== undefined) return { url, token }
  const dir = data ?? loadConfig({ file: findOwnFile(env), env }).config.dataDir ?? defaultDataDir({ env })
  const dataDir = await openDataDir(dir)
  const daemon = await dataDir.findDaemon()
  if (daemon === undefined) throw vitalsError('DAEMON_NOT_FOUND', { dir })
  return { url: daemon.url, token: token ?? (await dataDir.ownerToken()) }
}

/** Asks a daemon, and waits for a minute unless `signal` says otherwise. Rejects with DAEMON_SILENT and DAEMON_LOCKED. */
export async function request({ url, token }: Asked, path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers)
  if (token !== undefined) headers.set('authorization', `Bearer ${token}`)
  const signal = init.signal ?? AbortSignal.timeout(ANSWER_TIMEOUT_MS)
  const response = await fetch(new URL(path, url), { ...init, headers, signal }).catch((error: Error) => {
    throw vitalsError('DAEMON_SILENT', { url, reason: String((error.cause as Error)?.message ?? error.message) }, error)
  })
  if (response.status !== 401) return response
  throw vitalsError('DAEMON_LOCKED', { url, given: token === undefined ? 'none was given' : 'was given another' })
}

function parsed<D>(text: string): D | undefined {
  try {
    return JSON.parse(text) as D
  } catch {
    return undefined
  }
}
