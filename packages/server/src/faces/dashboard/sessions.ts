import type { EventOf } from '@mcp-vitals/instrument/event'
import type { CallBook } from '../../calls/index.js'
import type { Vitals } from '../../state/index.js'
import type { Store } from '../../store/index.js'
import type { SessionCallsDocument, SessionRow, SessionsDocument } from './api-views.js'
import type { Asked } from './asked.js'
import { callOf } from './tool.js'

export interface SessionsSetup {
  readonly calls: Pick<CallBook, 'isOpen' | 'clientNames'>
  readonly vitals: () => Vitals
  readonly store: Pick<Store, 'read'>
  /** Milliseconds since 1970. */
  readonly now: () => number
}

type Opened = EventOf<'session.opened'>
type Closed = EventOf<'session.closed'>

const PAGE = 200
/** Openings that are looked at for one page, and endings of them. */
const LOOKED_AT = 1000
const MOST_ENDINGS = 5000
const MAX_CALLS = 1000

/** Sessions that were opened in a time, a page of them. */
export async function sessionsOf(
  { calls, vitals, store, now }: SessionsSetup,
  { from, to, server, client }: Asked,
  before: number | undefined,
): Promise<SessionsDocument> {
  const until = Math.min(before ?? Number.POSITIVE_INFINITY, to + 1)
  const about = server === undefined ? {} : { server }
  const opened = (await store.read({
    ...{ type: 'session.opened', since: from, until, limit: LOOKED_AT, ...about },
  } as const)) as readonly Opened[]
  const wanted = opened.filter(
    ({ session, clientName = '' }) => session !== undefined && (client === undefined || clientName === client),
  )
  const page = wanted.slice(0, PAGE)
  const oldest = page.at(-1)?.at
  const closed =
    oldest === undefined
      ? []
      : ((await store.read({
          type: 'session.closed',
          since: oldest,
          limit: MOST_ENDINGS,
          ...about,
        })) as readonly Closed[])
  const ends = new Map(closed.map((end) => [end.session, end]))
  const next = wanted.length > PAGE ? oldest : opened.length === LOOKED_AT ? opened.at(-1)?.at : undefined
  return {
    ...{ version: 1, at: now() },
    sessions: page.map((open) => rowOf(open, ends.get(open.session), calls)),
    servers: vitals()
      .servers.map(({ name }) => name)
      .sort(),
    clients: calls.clientNames(),
    ...(next !== undefined && { next }),
  }
}

/** One session with its calls; undefined where nothing is known of it. */
export async function sessionOf(
  { calls, store, now }: SessionsSetup,
  session: string,
): Promise<SessionCallsDocument | undefined> {
  const read = (type: 'session.opened' | 'session.closed' | 'request.ended', limit: number) =>
    store.read({ type, session, limit })
  const [[opened], [closed], ended] = await Promise.all([
    read('session.opened', 1),
    read('session.closed', 1),
    read('request.ended', MAX_CALLS),
  ])
  const first = ended.at(-1)
  const open = opened ?? first
  if (open === undefined) return undefined
  return {
    ...{ version: 1, at: now() },
    session: rowOf(open as Opened, closed as Closed | undefined, calls),
    calls: (ended as readonly EventOf<'request.ended'>[])
      .map(callOf)
      .sort((one, other) => one.startedAt - other.startedAt),
    truncated: ended.length === MAX_CALLS,
  }
}

/** `open`: its opening, or the oldest call that is known where that is not. */
function rowOf(open: Opened, end: Closed | undefined, calls: SessionsSetup['calls']): SessionRow {
  const { session = '', server, at, clientName, clientVersion, agent, transport, era, protocolVersion } = open
  return {
    ...{ session, server, openedAt: at, live: end === undefined && calls.isOpen(session) },
    ...(clientName !== undefined && { clientName }),
    ...(clientVersion !== undefined && { clientVersion }),
    ...(agent !== undefined && { agent }),
    ...(transport !== undefined && { transport }),
    ...(era !== undefined && { era }),
    ...(protocolVersion !== undefined && { protocolVersion }),
    ...(end && { closedAt: end.at, reason: end.reason, durationMs: end.durationMs }),
  }
}
