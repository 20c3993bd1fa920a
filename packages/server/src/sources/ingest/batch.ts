import {
  checkEvent,
  checkValues,
  EVENT_VERSION,
  type Event,
  type EventOf,
  event,
  withValues,
} from '@mcp-vitals/instrument/event'
import type { Sender } from '@mcp-vitals/instrument/ship'

/** An event may be so far in the future, for clocks differ. Milliseconds. */
const MAX_AHEAD_MS = 120_000
/** What a stream's id may be. */
export const STREAM_PATTERN = '^[A-Za-z0-9_-]{1,64}$'
/** Most characters of what a sender says of itself. */
export const SENDER_LENGTHS = { kind: 64, name: 128, version: 64 } as const satisfies Record<keyof Sender, number>

const STREAM = new RegExp(STREAM_PATTERN)

/** A batch of a numbered stream whose frame was checked; the events were not. */
export interface IncomingBatch {
  readonly stream: string
  readonly sender: Sender
  /** Events of this stream that the sender dropped, in all. */
  readonly dropped: number
  /** Strictly rising numbers. */
  readonly events: readonly { readonly seq: number; readonly event: unknown; readonly values?: unknown }[]
}

/** A post of a simple sender, which has no stream: bare events, taken as often as they come. */
export interface IncomingPost {
  readonly sender: Sender
  readonly events: readonly unknown[]
}

/** Why an event was rejected, in a word for a label. */
export const REJECT_REASONS = ['not_an_object', 'version', 'unknown_type', 'field', 'future'] as const
export type RejectReason = (typeof REJECT_REASONS)[number]

/** Which event of a batch: its number in its stream, or its place (from 0) in a post without one. */
export type Place = { readonly seq: number } | { readonly index: number }
/** One event that was not taken, and never will be: which, the field at fault and what would have been right. */
export type Rejected = Place & FrameProblem

/** Why a body is no batch, or an event no event. `field` is empty where the whole is at fault. */
export interface FrameProblem {
  readonly field: string
  readonly reason: string
}

/** Checks the frame of a body: everything but the events themselves. */
export function readBatch(
  body: string,
): { readonly batch: IncomingBatch | IncomingPost } | { readonly problem: FrameProblem } {
  let value: Partial<Record<keyof IncomingBatch, unknown>>
  try {
    value = JSON.parse(body)
  } catch {
    return problem('', 'the body is not JSON')
  }
  if (typeof value !== 'object' || value === null) return problem('', 'the body must be a JSON object')
  const { stream, sender, dropped = 0, events } = value
  if (stream !== undefined && (typeof stream !== 'string' || !STREAM.test(stream)))
    return problem('stream', 'must be 1 to 64 letters, digits, "-" or "_"')
  for (const [key, longest] of Object.entries(SENDER_LENGTHS)) {
    const text = (sender as Record<string, unknown> | undefined)?.[key]
    if (typeof text !== 'string' || text === '' || text.length > longest)
      return problem(`sender.${key}`, `must be text of 1 to ${longest} characters`)
  }
  const { kind, name, version } = sender as Sender
  if (!isCount(dropped)) return problem('dropped', 'must be a whole number from 0 to 2^53 - 1')
  if (!Array.isArray(events)) return problem('events', 'must be a list')
  if (stream === undefined) return { batch: { sender: { kind, name, version }, events } }
  let last = 0
  for (const [index, entry] of events.entries()) {
    const seq: unknown = entry?.seq
    if (!isCount(seq) || seq <= last)
      return problem(`events[${index}].seq`, 'must be a whole number from 1 to 2^53 - 1, greater than the one before')
    last = seq
  }
  return { batch: { stream, sender: { kind, name, version }, dropped, events } }
}

/** Takes secrets and personal data out of an event’s texts, before anything keeps it. */
export type Mask = (event: Event) => Event

/** The events that may be taken, each with its place, and those that may not. */
export interface Parted<P extends Place> {
  readonly good: readonly (P & { readonly event: Event })[]
  /** The starts that the good ones tell of as well, each by its end. */
  readonly starts: ReadonlyMap<Event, EventOf<'request.started'>>
  readonly rejected: readonly (P & FrameProblem)[]
  /** The same, in words for a label. */
  readonly reasons: readonly RejectReason[]
}

/** Parts the events that may be taken, masked, from those that may not. `nowMs`: milliseconds since 1970. */
export function checkEvents<P extends Place>(
  events: readonly (P & { readonly event: unknown; readonly values?: unknown })[],
  nowMs: number,
  mask: Mask,
): Parted<P> {
  const good: (P & { event: Event })[] = []
  const starts = new Map<Event, EventOf<'request.started'>>()
  const rejected: (P & FrameProblem)[] = []
  const reasons: RejectReason[] = []
  for (const { event: given, values: beside, ...place } of events) {
    const checked = checkEvent(given)
    if ('event' in checked && checked.event.at <= nowMs + MAX_AHEAD_MS) {
      const { startedAt, ...told } = checked.event as EventOf<'request.ended'>
      const taken = besides(mask(told), beside)
      good.push({ ...(place as unknown as P), event: taken })
      if (startedAt !== undefined) starts.set(taken, startOf(taken as EventOf<'request.ended'>, startedAt))
      continue
    }
    const ahead = { field: 'at', message: `lies more than ${MAX_AHEAD_MS / 1000} seconds in the future` }
    const { field, message } = 'problem' in checked ? checked.problem : ahead
    rejected.push({ ...(place as unknown as P), field, reason: message })
    reasons.push('event' in checked ? 'future' : wordFor(field))
  }
  return { good, starts, rejected, reasons }
}

/** The event with the values that came beside it, where it is one that has some. */
function besides(event: Event, given: unknown): Event {
  const values = event.type === 'commitment' && given !== undefined ? checkValues(given) : undefined
  return values ? withValues(event, values) : event
}

/** What would have been told of the start of a request, had its end not told of it. */
function startOf(ended: EventOf<'request.ended'>, startedAt: number): EventOf<'request.started'> {
  const { direction, method, name, operation, at } = ended
  const named = name === undefined ? {} : { name }
  return event('request.started', Math.min(startedAt, at), ended, { direction, method, ...named, operation })
}

/** A simple sender's events in their places, each with the version and, where it tells none, the time of its arrival. */
export function completed(events: IncomingPost['events'], nowMs: number): { index: number; event: unknown }[] {
  return events.map((event, index) => {
    const isObject = typeof event === 'object' && event !== null && !Array.isArray(event)
    return { index, event: isObject ? { v: EVENT_VERSION, at: nowMs, ...event } : event }
  })
}

function wordFor(field: string): RejectReason {
  if (field === '') return 'not_an_object'
  if (field === 'v') return 'version'
  return field === 'type' ? 'unknown_type' : 'field'
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function problem(field: string, reason: string): { readonly problem: FrameProblem } {
  return { problem: { field, reason } }
}
