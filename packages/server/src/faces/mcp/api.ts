import { VitalsError } from '../../errors/index.js'
import { AgentRefusal, type Backend } from './contract.js'

/** Most bytes of one answer of the API that are read. */
const MAX_BYTES = 4 * 1024 * 1024
/** Most series, alerts or the like in one answer to an agent, whose context is dear. */
export const MOST_ROWS = 100

/** One series of an answer of Prometheus's API. */
export interface Row {
  readonly metric: Readonly<Record<string, string>>
  readonly value?: readonly [number, string]
  readonly values?: readonly (readonly [number, string])[]
}

/** Asks for JSON. Throws AgentRefusal, with the API's own words, for what is no success. */
export async function askJson<T>(backend: Backend, path: string, init?: RequestInit): Promise<T> {
  const response = await backend.ask(path, init).catch((error: unknown) => {
    throw error instanceof VitalsError ? new AgentRefusal(error.explain()) : error
  })
  const text = await response.text()
  if (text.length > MAX_BYTES) throw new AgentRefusal('The answer is too long: ask for less.')
  const body = parsed(text)
  if (response.ok && body !== undefined) return body as T
  const said = (body as { readonly error?: unknown } | undefined)?.error
  throw new AgentRefusal(typeof said === 'string' ? said : `The daemon answered ${response.status}.`)
}

/** Evaluates an expression of PromQL now, over what `/metrics` shows. It may be long, so it is posted. */
export const instant = (backend: Backend, query: string): Promise<readonly Row[]> =>
  evaluated(backend, '/api/v1/query', form({ query }))

/** Evaluates an expression of ours now, over the same with all labels, whatever a view merges. Below `/admin`, all is read by GET. */
export const unmerged = (backend: Backend, query: string): Promise<readonly Row[]> =>
  evaluated(backend, `/admin/api/v1/query?${new URLSearchParams({ query })}`)

async function evaluated(backend: Backend, path: string, init?: RequestInit): Promise<readonly Row[]> {
  const { data } = await askJson<{ readonly data: { readonly resultType: string; readonly result: unknown } }>(
    backend,
    path,
    init,
  )
  return rowsOf(data)
}

/** The rows of a result; a scalar is one row without labels. */
export function rowsOf(data: { readonly resultType: string; readonly result: unknown }): readonly Row[] {
  return data.resultType === 'vector' || data.resultType === 'matrix'
    ? (data.result as readonly Row[])
    : [{ metric: {}, value: data.result as [number, string] }]
}

export const form = (parameters: Readonly<Record<string, string>>): RequestInit => ({
  method: 'POST',
  body: new URLSearchParams(parameters),
})

/** The first of a list, and how many were left out. */
export function atMost<T>(
  list: readonly T[],
  most = MOST_ROWS,
): { readonly rows: readonly T[]; readonly left_out: number } {
  return { rows: list.slice(0, most), left_out: Math.max(0, list.length - most) }
}

/** The prefix of the metrics, as the daemon names them: by a name that every daemon has. */
export async function prefixOf(backend: Backend): Promise<string> {
  const { data } = await askJson<{ readonly data: Readonly<Record<string, unknown>> }>(backend, '/api/v1/metadata')
  const known = Object.keys(data).find((name) => name.endsWith(KNOWN))
  return known?.slice(0, -KNOWN.length) ?? 'mcp'
}

const KNOWN = '_config_restart_pending'

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
