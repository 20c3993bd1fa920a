import { type AuditEventType, isAuditEventType } from '../../audit/index.js'
import type { Asked, findRows, proofOf, rowAt, showRow } from '../../audit-log/index.js'
import { VitalsError } from '../../errors/index.js'
import type { VerifySetup } from './verify.js'

/** What the face asks; answers come from the thread that reads. */
export interface AuditQueries {
  readonly findRows: typeof findRows
  readonly proofOf: typeof proofOf
  readonly rowAt: typeof rowAt
  readonly showRow: typeof showRow
}

/** `createVerifyFace`, loaded when somebody asks for the first time: it is no part of a start. */
export function createLateVerifyFace(setup: VerifySetup | undefined): (request: Request) => Promise<Response> {
  let face: Promise<(request: Request) => Promise<Response>> | undefined
  return async (request) => {
    face ??= import('./verify.js').then(({ createVerifyFace }) => createVerifyFace(setup))
    return (await face)(request)
  }
}

const NUMBERS = /^\d{1,15}$/
const TIME = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?Z)?$/
const PARAMETERS = ['type', 'actor', 'target', 'since', 'until', 'text', 'before', 'limit', 'seq', 'proof']

/**
 * `GET /admin/api/audit`: rows of a filter, newest first, a page at a time; with `seq` that row, and with `proof=1` the
 * proof that it is in the log. Answers 404 where there is no log, 400 for a parameter that says nothing, 503 while the log
 * cannot be read.
 */
export function createAuditFace(
  open: (() => Promise<Asked>) | undefined,
  queries: AuditQueries,
): (request: Request) => Promise<Response> {
  return async (request) => {
    if (!open) return answer(404, { error: 'No audit log is kept: audit.enabled is false.' })
    const given = new URL(request.url).searchParams
    const problem = problemOf(given)
    if (problem) return answer(400, { error: problem })
    try {
      const store = await open()
      const seq = given.get('seq')
      if (seq === null) return answer(200, await queries.findRows(store, filterOf(given)))
      const row = queries.showRow(await queries.rowAt(store, Number(seq)))
      const proof = given.get('proof') === '1' ? { proof: await queries.proofOf(store, Number(seq)) } : {}
      return answer(200, { row, ...proof })
    } catch (error) {
      if (!(error instanceof VitalsError)) throw error
      return answer(error.code === 'AUDIT_ROW_UNKNOWN' || error.code === 'AUDIT_ROW_UNSIGNED' ? 404 : 503, {
        error: error.message,
        code: error.code,
      })
    }
  }
}

function problemOf(given: URLSearchParams): string | undefined {
  for (const [name, value] of given) {
    if (!PARAMETERS.includes(name)) return `There is no parameter ${name}; there are: ${PARAMETERS.join(', ')}.`
    if (['before', 'limit', 'seq'].includes(name) && !NUMBERS.test(value))
      return `${name} is no whole number, such as ${name}=100.`
    if (['since', 'until'].includes(name) && (!TIME.test(value) || Number.isNaN(Date.parse(value))))
      return `${name} is no time in UTC, such as ${name}=2026-11-21T04:00:00Z.`
    if (name === 'type' && !isAuditEventType(value)) return 'type is no type of row, such as type=TOOL_CALLED.'
  }
  return undefined
}

function filterOf(given: URLSearchParams) {
  const one = (name: string) => given.get(name) ?? undefined
  const number = (name: string) => (given.has(name) ? Number(given.get(name)) : undefined)
  const time = (name: string) => (given.has(name) ? new Date(given.get(name) as string).toISOString() : undefined)
  const types = given.getAll('type') as AuditEventType[]
  return defined({
    eventTypes: types.length > 0 ? types : undefined,
    actor: one('actor'),
    target: one('target'),
    since: time('since'),
    until: time('until'),
    text: one('text'),
    beforeSeq: number('before'),
    limit: number('limit'),
  })
}

type Defined<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> }

function defined<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>
}

function answer(status: number, body: object): Response {
  return Response.json(body, { status, headers: { 'cache-control': 'no-store' } })
}
