import type { Entry, Sink } from '@mcp-vitals/instrument/stream'

/** Most events that wait for the store: about ten seconds of a busy daemon. */
const QUEUE_LIMIT = 50_000
/** A commit costs as much for one event as for many; a daemon that is killed loses at most so much of what it saw. */
const LINGER_MS = 100

/** What the sink asks of a store. */
export interface EventTable {
  append(entries: readonly Entry[]): Promise<void>
}

/**
 * Saves what this process observed. A request that ended in the same batch gets no row for its start: the end says when it
 * was, and so most calls are one row less. Events that came by the ingest are passed over: they were saved before they were
 * published, together with their stream's mark. Closing the store is its owner's affair.
 */
export function createStoreSink(store: EventTable): Sink {
  return {
    name: 'store',
    queueLimit: QUEUE_LIMIT,
    lingerMs: LINGER_MS,
    async write(batch) {
      const local = batch.filter(({ entrance }) => entrance === 'local')
      if (local.length > 0) await store.append(withoutOverStarts(local))
    },
    async close() {},
  }
}

function withoutOverStarts(entries: readonly Entry[]): readonly Entry[] {
  const ended = new Set<string>()
  for (const { event } of entries) if (event.type === 'request.ended') ended.add(event.operation)
  return entries.filter(({ event }) => event.type !== 'request.started' || !ended.has(event.operation))
}
