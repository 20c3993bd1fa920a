import { LEVELS, type Span, spanOf } from '../../calls/index.js'
import type { Range } from './api-views.js'

/** What a table was asked for. */
export interface Asked {
  /** Milliseconds since 1970. */
  readonly from: number
  readonly to: number
  readonly server?: string
  readonly tool?: string
  readonly client?: string
}

const DAY_MS = 86_400_000
const NAMES = ['server', 'tool', 'client'] as const
const MAX_NAME = 256

/** Reads `from`, `to`, `server`, `tool` and `client`, or says what is wrong. Without a time: the last 24 hours. */
export function askedOf(request: Request, now: number): Asked | string {
  const given = new URL(request.url).searchParams
  const to = timeIn(given, 'to') ?? now
  const from = timeIn(given, 'from') ?? (typeof to === 'number' ? to - DAY_MS : to)
  if (typeof to === 'string') return to
  if (typeof from === 'string') return from
  if (from > to) return 'from is after to.'
  const names = NAMES.flatMap((name) => {
    const value = given.get(name)
    return value === null || value === '' ? [] : [[name, value] as const]
  })
  const long = names.find(([, value]) => value.length > MAX_NAME)
  if (long) return `${long[0]} has more than ${MAX_NAME} characters.`
  return { from, to, ...Object.fromEntries(names) }
}

/** A time in milliseconds since 1970, what is wrong with it, or nothing. */
export function timeIn(given: URLSearchParams, name: string): number | string | undefined {
  const text = given.get(name)
  if (text === null || text === '') return undefined
  const value = /^\d{1,15}$/.test(text)
    ? Number(text)
    : /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text)
      ? Date.parse(text)
      : NaN
  return Number.isFinite(value)
    ? value
    : `${name} is ${JSON.stringify(text.slice(0, 64))}; expected: milliseconds since 1970, or a time such as 2026-11-29T12:00:00Z.`
}

/** The slots that a range lies in, and what the documents say of it. */
export function rangeOf({ from, to }: Asked, now: number): { readonly span: Span; readonly range: Range } {
  const span = spanOf(from, to, now)
  const { ms } = LEVELS[span.level]
  return { span, range: { from: span.first * ms, to: (span.last + 1) * ms, stepMs: ms } }
}
