import type { EventOf } from '@mcp-vitals/instrument/event'
import { type CallBook, Durations, LEVELS, type Slot } from '../../calls/index.js'
import type { Store } from '../../store/index.js'
import type { CallRow, ClientRow, ErrorRow, ToolDocument } from './api-views.js'
import { type Asked, rangeOf } from './asked.js'
import { counted } from './overview.js'
import { rowOf, type TablesSetup } from './tables.js'

/** Columns of a histogram, milliseconds. */
const BOUNDS_MS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000] as const
const MAX_RECENT = 50
/** Events among which they are looked for: some milliseconds of the store's thread. */
const MOST_LOOKED = 32_000

/** The page of one tool; undefined where nobody has called or listed it. */
export async function toolOf(
  setup: TablesSetup & { readonly store: Pick<Store, 'read'> },
  { server, tool, ...asked }: Asked & { readonly server: string; readonly tool: string },
): Promise<ToolDocument | undefined> {
  const { calls, vitals, definitionsOf, now, store } = setup
  const at = now()
  const { span, range } = rangeOf(asked, at)
  const found = vitals().servers.find(({ name }) => name === server)
  const track = calls.toolOf(server, tool)?.track
  if (track === undefined && !found?.tools.includes(tool)) return undefined
  const clients = asked.client === undefined ? undefined : calls.clientNumbers(asked.client)
  const slots = track?.slots(span.level, span.first, span.last) ?? []
  const whole = new Durations()
  for (const slot of slots) whole.add(slot)
  const { ms } = LEVELS[span.level]
  const byTime = new Map(slots.map((slot) => [slot.at, slot]))
  const durations = new Durations()
  const points = Array.from({ length: span.last - span.first + 1 }, (_, index) => {
    const slot = byTime.get(span.first + index)
    durations.clear()
    if (slot) durations.add(slot)
    const counts = { calls: slot?.calls ?? 0, failures: slot?.failures ?? 0 }
    const histogram = durations.histogram(BOUNDS_MS)
    return { at: (span.first + index) * ms, ...counts, ...durations.percentiles(), histogram }
  })
  return {
    ...{ version: 1, at, range },
    row: rowOf({ server, tool, track }, found, setup, span, at, clients),
    ...definitionsOf(server),
    ...{ points, boundsMs: BOUNDS_MS, histogram: whole.histogram(BOUNDS_MS) },
    errors: errorsOf(slots, calls),
    clients: clientsOf(slots, calls),
    recent: await recentOf(store, server, tool, asked),
  }
}

function errorsOf(slots: readonly Slot[], calls: CallBook): readonly ErrorRow[] {
  const sums = new Map<number, number>()
  for (const { errors } of slots)
    for (let at = 0; at < errors.length; at += 2) sums.set(errors[at]!, (sums.get(errors[at]!) ?? 0) + errors[at + 1]!)
  return [...sums]
    .map(([number, count]) => ({ ...calls.errorOf(number), count }))
    .sort((one, other) => other.count - one.count)
}

function clientsOf(slots: readonly Slot[], calls: CallBook): readonly ClientRow[] {
  const sums = new Map<number, [calls: number, failures: number]>()
  for (const { clients } of slots)
    for (let at = 0; at < clients.length; at += 3) {
      const [before = 0, failed = 0] = sums.get(clients[at]!) ?? []
      sums.set(clients[at]!, [before + clients[at + 1]!, failed + clients[at + 2]!])
    }
  return [...sums]
    .map(([number, [count, failures]]) => {
      const { name, version } = calls.clientOf(number)
      return { name, clientVersion: version, ...counted(count, failures) }
    })
    .sort((one, other) => other.calls - one.calls)
}

async function recentOf(store: Pick<Store, 'read'>, server: string, tool: string, { from, to }: Asked) {
  const span = { since: from, until: to + 1 }
  const query = {
    type: 'request.ended',
    server,
    name: tool,
    ...span,
    limit: MAX_RECENT,
    mostLooked: MOST_LOOKED,
  } as const
  const events = (await store.read(query)) as readonly EventOf<'request.ended'>[]
  return events.filter(({ method }) => method === 'tools/call').map(callOf)
}

/** A call as documents show it. */
export function callOf(ended: EventOf<'request.ended'>): CallRow {
  const { at, server, session, direction, method, name, outcome, errorCode, errorType } = ended
  const { durationMs, waitMs, requestBytes, responseBytes, traceId } = ended
  return {
    startedAt: at - durationMs - (waitMs ?? 0),
    ...{ durationMs, server, direction, method, outcome, requestBytes, responseBytes },
    ...(waitMs !== undefined && { waitMs }),
    ...(session !== undefined && { session }),
    ...(name !== undefined && { name }),
    ...(errorCode !== undefined && { errorCode }),
    ...(errorType !== undefined && { errorType }),
    ...(traceId !== undefined && { traceId }),
  }
}
