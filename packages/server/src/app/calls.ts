import type { Fold } from '@mcp-vitals/instrument/stream'
import { type CallBook, createCallBook } from '../calls/index.js'
import type { Observation } from './observe.js'

/** Calls by tool over time, and how many waited. */
export interface CallsService {
  readonly fold: Fold
  readonly book: CallBook
  /** Calls in flight and jobs that waited, at the end of each of the last minutes, the oldest first. */
  queueDepths(): readonly number[]
  begin(observation: Pick<Observation, 'vitals' | 'plugins'>): void
  close(): Promise<void>
}

const LOOK_EVERY_MS = 60_000
const DEPTHS = 60

export function createCallsService(): CallsService {
  const book = createCallBook(Date.now)
  const depths: number[] = []
  let timer: NodeJS.Timeout | undefined

  return {
    fold: book.fold,
    book,
    queueDepths: () => depths,
    begin({ vitals, plugins }) {
      timer = setInterval(() => {
        book.pass(Date.now())
        const inFlight = vitals.snapshot().servers.reduce((sum, server) => sum + server.inFlight, 0)
        depths.push(inFlight + plugins.snapshot().queues.reduce((sum, { size }) => sum + size, 0))
        if (depths.length > DEPTHS) depths.shift()
      }, LOOK_EVERY_MS)
      timer.unref()
    },
    async close() {
      clearInterval(timer)
    },
  }
}
