import type { DaemonSeen, Patient } from '../contract.js'
import { type Answered, ask, askJson, type Unanswered } from './web.js'

/** One series of a page of metrics. */
export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** What the daemon is asked with where its address is not of this machine alone. */
function credentials({ configuration: { config } }: Patient): Readonly<Record<string, string>> {
  const token = config?.listen.adminToken
  return token === undefined ? {} : { authorization: `Bearer ${token}` }
}

/** Asks the daemon that answers. */
export function askDaemon(patient: Patient, daemon: DaemonSeen, path: string): Promise<Answered | Unanswered> {
  return ask(`${daemon.url}${path}`, { headers: credentials(patient), signal: patient.signal })
}

/** A row of an answer of PromQL. */
export interface Row {
  readonly metric: Readonly<Record<string, string>>
  readonly value?: readonly [number, string]
  readonly values?: readonly (readonly [number, string])[]
}

interface QueryAnswer {
  readonly status: string
  readonly data?: { readonly result?: readonly Row[] }
}

/** The rows of an instant query, or of a range; none where it could not be answered. `api`: the address before `/api/v1`. */
export async function queried(
  patient: Patient,
  api: string,
  expr: string,
  range?: { readonly sinceMs: number; readonly stepMs: number },
): Promise<readonly Row[]> {
  const parameters = new URLSearchParams({ query: expr })
  const nowMs = Date.now()
  if (range) {
    parameters.set('start', String((nowMs - range.sinceMs) / 1000))
    parameters.set('end', String(nowMs / 1000))
    parameters.set('step', String(range.stepMs / 1000))
  }
  const isOurs = api === patient.daemon?.url
  const answer = await askJson<QueryAnswer>(`${api}/api/v1/query${range ? '_range' : ''}?${parameters}`, {
    headers: isOurs ? credentials(patient) : {},
    signal: patient.signal,
  })
  return answer?.data?.result ?? []
}

/** The value of a row of an instant query. */
export const numberOf = ({ value }: Row): number => Number(value?.[1])

const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)/
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g

/** The samples of a page in the Prometheus text format. */
export function samplesOf(page: string): readonly Sample[] {
  return page.split('\n').flatMap((line) => {
    const [, name, labels = '', value = ''] = LINE.exec(line) ?? []
    if (name === undefined) return []
    const pairs = [...labels.matchAll(LABEL)].map(([, label = '', text = '']) => [label, text.replace(/\\(.)/g, '$1')])
    return [{ name, labels: Object.fromEntries(pairs), value: Number(value) }]
  })
}
