import type { Receipt } from './shipper.js'

/** The batch itself is at fault, and will be the next time. */
const REFUSED: ReadonlySet<number> = new Set([400, 413, 422])

/** Whether a daemon's HTTP status says that a batch is settled: `taken`, or `refused` for ever. Throws for any other. */
export function outcomeOf(status: number): 'taken' | 'refused' {
  if (REFUSED.has(status)) return 'refused'
  if (status !== 200) throw new Error(`the daemon answered ${status}`)
  return 'taken'
}

/**
 * What a daemon says of a numbered batch, by the HTTP status and body of its answer. Throws where the answer settles
 * nothing, as one without a mark does: it is no daemon's, and the batch is sent again.
 */
export function receiptOf(status: number, text: string): Receipt {
  if (outcomeOf(status) === 'refused') return 'refused'
  const { highWater } = (JSON.parse(text) ?? {}) as { highWater?: unknown }
  if (!Number.isSafeInteger(highWater) || (highWater as number) < 0) throw new Error('the answer has no highWater')
  return { highWater: highWater as number }
}
