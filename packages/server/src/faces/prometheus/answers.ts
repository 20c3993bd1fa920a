import { VitalsError } from '../../errors/index.js'

const HEADERS = { 'content-type': 'application/json', 'cache-control': 'no-store' }

/** Prometheus's words for what went wrong, and the status that goes with each. */
const STATUS = { bad_data: 400, execution: 422, timeout: 503, unavailable: 503, internal: 500 } as const
type ErrorType = keyof typeof STATUS

const TYPES: Readonly<Record<string, ErrorType>> = {
  QUERY_INVALID: 'bad_data',
  PROMQL_INVALID: 'bad_data',
  PROMQL_UNSUPPORTED: 'bad_data',
  PROMQL_FAILED: 'execution',
  PROMQL_LIMIT: 'execution',
  QUERY_TOO_LARGE: 'execution',
  PROMQL_TIMEOUT: 'timeout',
  QUERY_BUSY: 'unavailable',
  QUERY_ABORTED: 'unavailable',
}

/** An answer of the API with these data. */
export const success = (data: unknown): Response => Response.json({ status: 'success', data }, { headers: HEADERS })

/** An answer whose body is made. */
export const answered = (body: Uint8Array<ArrayBuffer>): Response => new Response(body, { headers: HEADERS })

/** What went wrong, as the API tells it. */
export function failure(error: unknown): Response {
  const errorType = error instanceof VitalsError ? (TYPES[error.code] ?? 'internal') : 'internal'
  const message = error instanceof VitalsError ? error.message : 'This answer failed. The daemon goes on.'
  return Response.json({ status: 'error', errorType, error: message }, { status: STATUS[errorType], headers: HEADERS })
}
