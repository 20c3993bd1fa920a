import { checkEvent, type Event } from '@mcp-vitals/instrument/event'
import type { Sender } from '@mcp-vitals/instrument/ship'

/** An event may be so far in the future, for clocks differ. Milliseconds. */
const MAX_AHEAD_MS = 120_000
const STREAM = /^[A-Za-z0-9_-]{1,64}$/
const LONGEST = { kind: 64, name: 128, version: 64 } as const

/** A batch whose frame was checked; the events were not. */
export interface IncomingBatch {
  readonly stream: string
  readonly sender: Sender
  /** Events of this stream that the sender dropped, in all. */
  readonly dropped: number
  /** Strictly rising numbers. */
  readonly events: readonly { readonly seq: number; readonly event: unknown }[]
}

/** One event that was not taken, and never will be: its number, the field at fault and what would have been right. */
export interface Rejected {
  readonly seq: number
  readonly field: string
  readonly reason: string
}

/** Why a body is no batch. */
export interface FrameProblem {
  readonly field: string
  readonly reason: string
}

/** Checks the frame of a body: everything but the events themselves. */
export function readBatch(body: string): { readonly batch: IncomingBatch } | { readonly problem: FrameProblem } {
  let value: Partial<Record<keyof IncomingBatch, unknown>>
  try {
    value = JSON.parse(body)
  } catch {
    return problem('', 'the body is not JSON')
  }
  if (typeof value !== 'object' || value === null) return problem('', 'the body must be a JSON object')
  const { stream, sender, dropped = 0, events } = value
  if (typeof stream !== 'string' || !STREAM.test(stream))
    return problem('stream', 'must be 1 to 64 letters, digits, "-" or "_"')
  for (const [key, longest] of Object.entries(LONGEST)) {
    const text = (sender as Record<string, unknown> | undefined)?.[key]
    if (typeof text !== 'string' || text === '' || text.length > longest)
      return problem(`sender.${key}`, `must be text of 1 to ${longest} characters`)
  }
  const { kind, name, version } = sender as Sender
  if (!isCount(dropped)) return problem('dropped', 'must be a whole number from 0 to 2^53 - 1')
  if (!Array.isArray(events)) return problem('events', 'must be a list')
  let last = 0
  for (const [index, entry] of events.entries()) {
    const seq: unknown = entry?.seq
    if (!isCount(seq) || seq <= last)
      return problem(`events[${index}].seq`, 'must be a whole number from 1 to 2^53 - 1, greater than the one before')
    last = seq
  }
  return { batch: { stream, sender: { kind, name, version }, dropped, events } }
}

/** Parts the events that may be taken from those that may not. `nowMs`: milliseconds since 1970. */
export function checkEvents(
  events: IncomingBatch['events'],
  nowMs: number,
): { readonly good: readonly { seq: number; event: Event }[]; readonly rejected: readonly Rejected[] } {
  const good: { seq: number; event: Event }[] = []
  const rejected: Rejected[] = []
  for (const { seq, event } of events) {
    const checked = checkEvent(event)
    if ('problem' in checked) rejected.push({ seq, field: checked.problem.field, reason: checked.problem.message })
    else if (checked.event.at > nowMs + MAX_AHEAD_MS)
      rejected.push({ seq, field: 'at', reason: `lies more than ${MAX_AHEAD_MS / 1000} seconds in the future` })
    else good.push({ seq, event: checked.event })
  }
  return { good, rejected }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function problem(field: string, reason: string): { readonly problem: FrameProblem } {
  return { problem: { field, reason } }
}
