import { vitalsError } from '../../errors/index.js'
import { parseDuration } from '../../promql/index.js'

/** Most bytes of a form: Grafana posts long expressions. */
const MAX_FORM_BYTES = 65_536
/** Prometheus's own bound on the steps of a range query. */
const MAX_STEPS = 11_000
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/i
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i

/** The parameters of a request, from its address and, where it is posted, its form. Throws QUERY_INVALID. */
export async function parametersOf(request: Request): Promise<URLSearchParams> {
  const parameters = new URLSearchParams(new URL(request.url).search)
  if (request.method !== 'POST') return parameters
  const type = request.headers.get('content-type') ?? ''
  if (!type.startsWith('application/x-www-form-urlencoded'))
    throw invalid('form', `it is sent as application/x-www-form-urlencoded, not as ${type || 'nothing'}`)
  for (const [name, value] of new URLSearchParams(await formOf(request))) parameters.append(name, value)
  return parameters
}

async function formOf(request: Request): Promise<string> {
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  for await (const chunk of request.body ?? []) {
    sizeBytes += chunk.byteLength
    if (sizeBytes > MAX_FORM_BYTES) throw invalid('form', `it has more than ${MAX_FORM_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

export const invalid = (parameter: string, problem: string) => vitalsError('QUERY_INVALID', { parameter, problem })

export function required(parameters: URLSearchParams, name: string): string {
  const value = parameters.get(name)
  if (value === null || value === '') throw invalid(name, 'it is missing')
  return value
}

/** Seconds since 1970, or RFC 3339, as milliseconds. */
export function timeOf(parameters: URLSearchParams, name: string): number | undefined {
  const text = parameters.get(name)
  if (text === null || text === '') return undefined
  const timeMs = NUMBER.test(text)
    ? Math.round(Number(text) * 1000)
    : RFC_3339.test(text)
      ? Date.parse(text)
      : Number.NaN
  if (!Number.isSafeInteger(timeMs)) throw invalid(name, `${shown(text)} is neither seconds since 1970 nor RFC 3339`)
  return timeMs
}

/** Seconds, or a duration such as 1m, as milliseconds above 0. */
export function durationOf(parameters: URLSearchParams, name: string): number | undefined {
  const text = parameters.get(name)
  if (text === null || text === '') return undefined
  const lengthMs = NUMBER.test(text) ? Math.round(Number(text) * 1000) : parseDuration(text)
  if (lengthMs === undefined || !Number.isSafeInteger(lengthMs) || lengthMs <= 0)
    throw invalid(name, `${shown(text)} is no duration above zero, such as 15 or 1m`)
  return lengthMs
}

/** A whole number; 0 and absent mean no limit. */
export function limitOf(parameters: URLSearchParams): { limit?: number } {
  const text = parameters.get('limit')
  if (text === null || text === '') return {}
  if (!/^\d{1,9}$/.test(text)) throw invalid('limit', `${shown(text)} is no whole number`)
  return Number(text) === 0 ? {} : { limit: Number(text) }
}

/** Start and end, where they are given. */
export function spanOf(parameters: URLSearchParams): { readonly startMs?: number; readonly endMs?: number } {
  const startMs = timeOf(parameters, 'start')
  const endMs = timeOf(parameters, 'end')
  if (startMs !== undefined && endMs !== undefined && endMs < startMs) throw invalid('end', 'it lies before the start')
  return { ...(startMs !== undefined && { startMs }), ...(endMs !== undefined && { endMs }) }
}

/** Start, end and step of a range query. */
export function rangeOf(parameters: URLSearchParams): {
  readonly startMs: number
  readonly endMs: number
  readonly stepMs: number
} {
  for (const name of ['start', 'end', 'step']) required(parameters, name)
  const { startMs, endMs } = spanOf(parameters) as { startMs: number; endMs: number }
  const stepMs = durationOf(parameters, 'step')!
  if ((endMs - startMs) / stepMs > MAX_STEPS)
    throw invalid('step', `the range has more than ${MAX_STEPS} of it: take a longer one, or a shorter range`)
  return { startMs, endMs, stepMs }
}

/** The name of a label, out of an address: encoded as addresses are, and any Unicode text as Prometheus 3 writes it: `U__a_2e_b`. */
export function labelNameOf(part: string): string {
  let name: string
  try {
    name = decodeURIComponent(part)
  } catch {
    throw invalid('label', `${JSON.stringify(part)} is not encoded as an address is`)
  }
  if (!/^U__(?:[^_]|__|_[0-9a-f]{1,6}_)*$/i.test(name)) return name
  return name
    .slice('U__'.length)
    .replace(/__|_([0-9a-f]+)_/gi, (whole, code?: string) => (code === undefined ? '_' : (characterOf(code) ?? whole)))
}

function characterOf(code: string): string | undefined {
  const point = Number.parseInt(code, 16)
  return point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff) ? undefined : String.fromCodePoint(point)
}

/** What was given, as an error tells it back. */
export const shown = (text = ''): string => JSON.stringify(text.slice(0, 100))
