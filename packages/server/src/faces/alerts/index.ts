import { randomUUID } from 'node:crypto'
import type { AlertRecord, AlertsQuery, Outcome, Shown, Silence } from '../../alerts/index.js'
import { VitalsError } from '../../errors/index.js'
import type { Act, HistoryQuery, Pager } from '../../pager/index.js'
import { type ActOf, readAct } from './act.js'

export { createTwilioFace } from './twilio.js'

/** What the face asks of the pager. */
export type AlertBook = Pick<Pager, 'act' | 'alerts' | 'silences' | 'history'>

export interface AlertsFaceSetup {
  /** Undefined: alerts are switched off. */
  readonly book: AlertBook | undefined
  /** Sends a test to a channel, at once; undefined: there is no such channel. */
  readonly test: (channel: string) => Promise<Outcome | undefined>
  /** Told of each act that was done. */
  readonly onAct: (act: ActOf, by: string) => void
  readonly now: () => number
}

/** The three routes of `/admin/api/alerts`. Never reject. */
export interface AlertsFace {
  list(request: Request): Promise<Response>
  history(request: Request): Promise<Response>
  /** `by`: who does it, where that is known; else it is who they say. */
  act(request: Request, by?: string): Promise<Response>
}

/** Alerts, or entries of the history, of one page. */
const MOST_OF_A_PAGE = 1000
const USUAL_OF_A_PAGE = 100
const NUMBER = /^\d{1,15}$/
const PLACE = /^\d\d-[0-9a-f]{16}$/

/** What there is, what there was, and acts of people: acknowledge, silence, test. */
export function createAlertsFace({ book, test, onAct, now }: AlertsFaceSetup): AlertsFace {
  const answered =
    (work: (book: AlertBook, request: Request, by?: string) => Promise<Response>) =>
    async (request: Request, by?: string) => {
      if (!book) return problem(404, 'Alerts are switched off: alerts.enabled is false.')
      try {
        return await work(book, request, by)
      } catch (error) {
        if (error instanceof VitalsError) return problem(error.code === 'ALERT_REFUSED' ? 400 : 503, error.message)
        throw error
      }
    }

  async function found(book: AlertBook, prefix: string): Promise<AlertRecord | undefined> {
    const { alerts } = await book.alerts({ prefix, limit: 2 })
    return alerts.length === 1 ? alerts[0]!.alert : undefined
  }

  async function toAct(book: AlertBook, wanted: ActOf): Promise<{ readonly act: Act; readonly id?: string } | string> {
    switch (wanted.do) {
      case 'acknowledge':
      case 'unacknowledge': {
        const alert = await found(book, wanted.fingerprint)
        if (!alert) return `There is no alert, or more than one, whose fingerprint begins with ${wanted.fingerprint}.`
        return { act: { ...wanted, fingerprint: alert.fingerprint } }
      }
      case 'silence': {
        const { matchers, by, comment, durationMs } = wanted
        const startsAt = now()
        const silence: Silence = { id: randomUUID(), matchers, startsAt, endsAt: startsAt + durationMs, by, comment }
        return { act: { do: 'silence', silence }, id: silence.id }
      }
      case 'unsilence': {
        const silences = (await book.silences()).filter(({ id }) => id.startsWith(wanted.id))
        if (silences.length !== 1) return `There is no silence, or more than one, whose id begins with ${wanted.id}.`
        return { act: { ...wanted, id: silences[0]!.id } }
      }
      case 'test':
        return 'A test is no act on alerts.'
    }
  }

  async function tested(channel: string): Promise<Response> {
    const outcome = await test(channel)
    if (!outcome) return problem(404, `There is no channel ${channel}.`)
    return outcome.is === 'sent' || outcome.is === 'accepted'
      ? json({ done: true, outcome: outcome.is })
      : problem(502, `The channel ${channel} took nothing: ${outcome.problem}.`)
  }

  return {
    list: answered(async (book, request) => {
      const query = alertsQuery(new URL(request.url).searchParams)
      if (typeof query === 'string') return problem(400, query)
      const [{ alerts, next }, silences] = await Promise.all([book.alerts(query), book.silences()])
      return json({ alerts: alerts.map(shown), silences: silences.map(silenceShown), next })
    }),
    history: answered(async (book, request) => {
      const { searchParams } = new URL(request.url)
      const query = historyQuery(searchParams)
      if (typeof query === 'string') return problem(400, query)
      const entries = await book.history(query)
      return json({ entries: entries.map(({ at, ...entry }) => ({ at: iso(at), ...entry })) })
    }),
    act: answered(async (book, request, by) => {
      const asked = await readAct(request)
      if (typeof asked === 'string') return problem(400, asked)
      const wanted = by === undefined ? asked : { ...asked, by }
      if (wanted.do === 'test') {
        onAct(wanted, wanted.by)
        return tested(wanted.channel)
      }
      const made = await toAct(book, wanted)
      if (typeof made === 'string') return problem(404, made)
      if (!(await book.act(made.act))) return problem(409, REFUSED[wanted.do])
      onAct(wanted, wanted.by)
      return json({ done: true, ...(made.id !== undefined && { id: made.id }) })
    }),
  }
}

const REFUSED = {
  acknowledge: 'The alert does not fire, so there is nothing to acknowledge.',
  unacknowledge: 'Nobody acknowledged the alert.',
  silence: 'There are too many silences already: end some of them.',
  unsilence: 'The silence has ended already.',
} as const

function alertsQuery(given: URLSearchParams): AlertsQuery | string {
  const [limit, after, prefix] = ['limit', 'after', 'fingerprint'].map((name) => given.get(name))
  if (limit && !NUMBER.test(limit)) return `limit is ${JSON.stringify(limit)}; expected: a number, such as 100.`
  if (after && !PLACE.test(after))
    return `after is ${JSON.stringify(after)}; expected: next of the page before, such as 00-9f86d081884c7d65.`
  return { limit: bounded(limit), ...(after && { after }), ...(prefix && { prefix }) }
}

function historyQuery(given: URLSearchParams): HistoryQuery | string {
  const fingerprint = given.get('fingerprint')
  const numbers = (['limit', 'before'] as const).map((name) => [name, given.get(name)] as const)
  for (const [name, text] of numbers)
    if (text !== null && !NUMBER.test(text))
      return `${name} is ${JSON.stringify(text)}; expected: a number, such as 100.`
  const [[, limit], [, before]] = numbers as [(typeof numbers)[0], (typeof numbers)[0]]
  return {
    limit: bounded(limit),
    ...(before !== null && { before: Number(before) }),
    ...(fingerprint !== null && { fingerprint }),
  }
}

const bounded = (limit: string | null | undefined): number =>
  Math.min(Math.max(Number(limit ?? USUAL_OF_A_PAGE), 1), MOST_OF_A_PAGE)

function shown({ alert, quiet, channels }: Shown) {
  const { fingerprint, state, severity, evidence, labels, annotations, value, count, acknowledgement } = alert
  const { activeAt, startsAt, endsAt } = alert
  return {
    ...{ fingerprint, state, severity, evidence, labels, annotations, value, count, channels, quiet },
    ...{ activeAt: iso(activeAt), startsAt: iso(startsAt), endsAt: iso(endsAt) },
    acknowledgement: acknowledgement && { ...acknowledgement, at: iso(acknowledgement.at) },
  }
}

function silenceShown({ startsAt, endsAt, ...silence }: Silence) {
  return { ...silence, startsAt: iso(startsAt), endsAt: iso(endsAt) }
}

function iso(at: number | undefined): string | undefined {
  return at === undefined ? undefined : new Date(Math.min(at, 8.64e15)).toISOString()
}

function json(value: unknown): Response {
  return Response.json(value, { headers: { 'cache-control': 'no-store' } })
}

function problem(status: number, error: string): Response {
  return Response.json({ error }, { status, headers: { 'cache-control': 'no-store' } })
}
