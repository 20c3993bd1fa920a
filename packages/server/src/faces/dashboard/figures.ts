import { Durations, LEVELS, p95Of, type Slot, type Span } from '../../calls/index.js'
import type { Figures } from './api-views.js'
import { counted, rounded } from './overview.js'

/** What is summed up: slots of one span, by rising time, and when the last call was. */
export interface Summed {
  readonly slots: readonly Slot[]
  readonly lastAt: number | undefined
}

/** What a row says of the calls in these slots; of some clients alone where they are given. */
export function figuresOf(
  { slots, lastAt }: Summed,
  { level, first, last }: Span,
  now: number,
  clients?: ReadonlySet<number>,
): Figures {
  const length = last - first + 1
  const { ms } = LEVELS[level]
  const seconds = Math.max(1, (Math.min((last + 1) * ms, now) - first * ms) / 1000)
  const sparkCalls = new Array<number>(length).fill(0)
  const sparkFailures = new Array<number>(length).fill(0)
  const sparkP95Ms = new Array<number | null>(length).fill(null)
  const durations = new Durations()
  let [calls, failures] = [0, 0]
  for (const slot of slots) {
    const at = slot.at - first
    const own = clients ? ofClients(slot, clients) : slot
    sparkCalls[at] = own.calls
    sparkFailures[at] = own.failures
    calls += own.calls
    failures += own.failures
    if (clients) continue
    sparkP95Ms[at] = p95Of(slot)
    durations.add(slot)
  }
  return {
    ...counted(calls, failures),
    ...durations.percentiles(),
    callsPerSecond: rounded(calls / seconds),
    ...(lastAt !== undefined && !clients && { lastCallAt: lastAt }),
    ...{ sparkCalls, sparkFailures, sparkP95Ms },
  }
}

/** Calls and failures of some clients. */
function ofClients({ clients: list }: Slot, clients: ReadonlySet<number>): Pick<Slot, 'calls' | 'failures'> {
  let [calls, failures] = [0, 0]
  for (let at = 0; at < list.length; at += 3) {
    if (!clients.has(list[at]!)) continue
    calls += list[at + 1]!
    failures += list[at + 2]!
  }
  return { calls, failures }
}
