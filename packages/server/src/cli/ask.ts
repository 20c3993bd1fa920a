import { loadConfig } from '../config/index.js'
import { defaultDataDir, openDataDir } from '../datadir/index.js'
import { vitalsError } from '../errors/index.js'
import { findOwnFile } from './find.js'
import type { Terminal } from './terminal.js'

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
 * DAEMON_SILENT, and QUERY_REFUSED for what is no success.
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
  const url = new URL(path, flags.url ?? (await daemonUrl(flags, env)))
  const token = env.MCP_VITALS_ADMIN_TOKEN
  const response = await fetch(url, {
    headers: token === undefined || token === '' ? {} : { authorization: `Bearer ${token}` },
    ...(parameters && { method: 'POST', body: parameters }),
  }).catch((error: Error) => {
    throw vitalsError('DAEMON_SILENT', { url: url.origin, reason: String(error.cause ?? error.message) }, error)
  })
  return { response, text: await response.text() }
}

async function daemonUrl({ data }: AskFlags, env: Terminal['env']): Promise<string> {
  const directory = data ?? loadConfig({ file: findOwnFile(env), env }).config.dataDir ?? defaultDataDir({ env })
  const daemon = await (await openDataDir(directory)).findDaemon()
  if (daemon === undefined) throw vitalsError('DAEMON_NOT_FOUND', { dir: directory })
  return daemon.url
}

function parsed<D>(text: string): D | undefined {
  try {
    return JSON.parse(text) as D
  } catch {
    return undefined
  }
}
