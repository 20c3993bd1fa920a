import { VitalsError } from '../../errors/index.js'
import type { HistoryBook, Incident } from '../../history/index.js'
import type { SystemReport } from '../../monitor/index.js'

export interface HistoryFaceSetup {
  /** How servers and components are, as the monitor judges. */
  readonly system: () => SystemReport
  readonly book: HistoryBook
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** The two routes of `/api/health`. Never reject. */
export interface HistoryFace {
  components(request: Request): Promise<Response>
  incidents(request: Request): Promise<Response>
}

const PAGE_COMPONENTS = 50
const PAGE_INCIDENTS = 100
/** Pages beyond this many do not exist. */
const MAX_PAGES = 1_000

/** Health by component and day, and incidents, as JSON: docs/reference/health-api.md. */
export function createHistoryFace({ system, book, now }: HistoryFaceSetup): HistoryFace {
  const answered =
    (known: readonly string[], work: (parameters: URLSearchParams) => Promise<object>) => async (request: Request) => {
      const { searchParams } = new URL(request.url)
      const unknown = [...searchParams.keys()].find((name) => !known.includes(name))
      if (unknown !== undefined)
        return problem(400, `There is no parameter ${JSON.stringify(unknown)}. There are: ${known.join(', ')}.`)
      try {
        return json(await work(searchParams))
      } catch (error) {
        if (error instanceof RangeError) return problem(400, error.message)
        if (error instanceof VitalsError) return problem(503, error.message)
        throw error
      }
    }

  return {
    components: answered(['component', 'days', 'page'], async (parameters) => {
      const { colour, reasons, components } = system()
      const wanted = parameters.get('component')
      const found = wanted === null ? components : components.filter(({ name }) => name === wanted)
      const days = numberOf(parameters, 'days', 90, book.days())
      const page = pageOf(parameters, found.length, PAGE_COMPONENTS)
      const shown = found.slice(page.offset, page.offset + PAGE_COMPONENTS)
      const histories = await book.components(shown.map(({ name }) => name))
      return {
        ...{ at: iso(now()), timeZone: 'UTC', system: { colour, reasons }, ...page.told },
        components: shown.map(({ result: _, tools, kind, ...report }, index) => {
          const { days: all, ...history } = histories[index]!
          return {
            ...report,
            ...(kind !== undefined && { reason: kind }),
            ...(tools && { tools: tools.known.length, missingTools: tools.missing }),
            ...history,
            days: all.slice(-days),
          }
        }),
      }
    }),
    incidents: answered(['component', 'since', 'until', 'page'], async (parameters) => {
      const component = parameters.get('component')
      const [since, until] = (['since', 'until'] as const).map((name) => timeOf(parameters, name))
      const page = pageOf(parameters, MAX_PAGES * PAGE_INCIDENTS, PAGE_INCIDENTS)
      const { incidents, total } = await book.incidents({
        ...(component !== null && { component }),
        ...(since !== undefined && { since }),
        ...(until !== undefined && { until }),
        ...{ offset: page.offset, limit: PAGE_INCIDENTS },
      })
      const pages = Math.max(1, Math.ceil(total / PAGE_INCIDENTS))
      const moment = now()
      return {
        ...{ at: iso(moment), timeZone: 'UTC', page: page.told.page, pages, total },
        incidents: incidents.map((incident) => shown(incident, moment)),
      }
    }),
  }
}

function shown({ began, ended, unwatchedMs, done, ...incident }: Incident, now: number) {
  return {
    ...incident,
    ...{ began: iso(began), ended: ended === undefined ? null : iso(ended) },
    durationSeconds: Math.max(0, (ended ?? now) - began) / 1000,
    unwatchedSeconds: unwatchedMs / 1000,
    done: done.map(({ at, ...deed }) => ({ at: iso(at), ...deed })),
  }
}

function numberOf(parameters: URLSearchParams, name: string, otherwise: number, most: number): number {
  const text = parameters.get(name)
  if (text === null) return Math.min(otherwise, most)
  if (!/^[1-9]\d{0,5}$/.test(text) || Number(text) > most)
    throw new RangeError(`${name} is ${JSON.stringify(text)}; expected: a number from 1 to ${most}, such as 7.`)
  return Number(text)
}

function pageOf(parameters: URLSearchParams, total: number, size: number) {
  const page = numberOf(parameters, 'page', 1, MAX_PAGES)
  return { offset: (page - 1) * size, told: { page, pages: Math.max(1, Math.ceil(total / size)), total } }
}

/** A time of a query: RFC 3339, or a date, or milliseconds since 1970. */
function timeOf(parameters: URLSearchParams, name: string): number | undefined {
  const text = parameters.get(name)
  if (text === null) return undefined
  const at = /^\d{1,15}$/.test(text) ? Number(text) : /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(at))
    throw new RangeError(
      `${name} is ${JSON.stringify(text)}; expected: a time, such as 2026-11-29T10:00:00Z, 2026-11-29, or milliseconds since 1970.`,
    )
  return at
}

const iso = (at: number): string => new Date(Math.min(Math.max(at, 0), 8.64e15)).toISOString()

function json(value: unknown): Response {
  return Response.json(value, { headers: { 'cache-control': 'no-store' } })
}

function problem(status: number, error: string): Response {
  return Response.json({ error }, { status, headers: { 'cache-control': 'no-store' } })
}
