import type { Entry, Sink } from '@mcp-vitals/instrument/stream'

/** Most events that wait for the store: about ten seconds of a busy daemon. */
const QUEUE_LIMIT = 50_000

/** What the sink asks of a store. */
export interface EventTable {
  append(entries: readonly Entry[]): Promise<void>
}

/**
 * Saves what this process observed. Events that came by the ingest are passed over: they were saved before they were
 * published, together with their stream's mark. Closing the store is its owner's affair.
 */
export function createStoreSink(store: EventTable): Sink {
  return {
    name: 'store',
    queueLimit: QUEUE_LIMIT,
    async write(batch) {
      const local = batch.filter(({ entrance }) => entrance === 'local')
      if (local.length > 0) await store.append(local)
    },
    async close() {},
  }
}
