import { LEVELS, type Slot, type Span, type Sum } from '../../calls/index.js'
import type { Figures } from './api-views.js'
import { counted, rounded } from './overview.js'

/** A row that is being made. */
export type Making<T> = { -readonly [K in keyof T]: T[K] }

/**
 * What a row says of its calls. `lastAt`: when the last call was. A literal and what only some rows have set after it: a
 * table has thousands of rows, and spreading parts into one takes ten times as long.
 */
export function figuresOf(sum: Sum, lastAt: number | undefined, span: Span, now: number): Figures {
  const { calls, failures, p50Ms, p95Ms, p99Ms } = sum
  const made: Making<Figures> = {
    calls,
    failures,
    errorRatio: calls === 0 ? 0 : failures / calls,
    callsPerSecond: rounded(calls / secondsOf(span, now)),
    sparkCalls: sum.callsBySlot,
    sparkFailures: sum.failuresBySlot,
    sparkP95Ms: sum.p95MsBySlot,
  }
  if (p50Ms !== undefined) made.p50Ms = p50Ms
  if (p95Ms !== undefined) made.p95Ms = p95Ms
  if (p99Ms !== undefined) made.p99Ms = p99Ms
  if (lastAt !== undefined) made.lastCallAt = lastAt
  return made
}

/** The same of some clients alone, of which calls and failures are known. Slots of one span. */
export function figuresOfClients(
  lists: readonly (readonly Slot[])[],
  span: Span,
  now: number,
  clients: ReadonlySet<number>,
): Figures {
  const length = span.last - span.first + 1
  const sparkCalls = new Array<number>(length).fill(0)
  const sparkFailures = new Array<number>(length).fill(0)
  let [calls, failures] = [0, 0]
  for (const slots of lists)
    for (const { at, clients: list } of slots)
      for (let entry = 0; entry < list.length; entry += 3) {
        if (!clients.has(list[entry]!)) continue
        calls += list[entry + 1]!
        failures += list[entry + 2]!
        sparkCalls[at - span.first]! += list[entry + 1]!
        sparkFailures[at - span.first]! += list[entry + 2]!
      }
  return {
    ...counted(calls, failures),
    callsPerSecond: rounded(calls / secondsOf(span, now)),
    ...{ sparkCalls, sparkFailures, sparkP95Ms: new Array<null>(length).fill(null) },
  }
}

/** How long a span has lasted. */
function secondsOf({ level, first, last }: Span, now: number): number {
  const { ms } = LEVELS[level]
  return Math.max(1, (Math.min((last + 1) * ms, now) - first * ms) / 1000)
}
