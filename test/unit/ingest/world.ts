import { type Event, event } from '../../../packages/instrument/src/event/index.js'
import { createIngest, type IngestStore } from '../../../packages/server/src/sources/ingest/index.js'
import { ingestOptions } from '../../../packages/server/src/sources/ingest/options.js'

export const TOKEN = 'a-token-of-the-test'
export const NOW = 1_700_000_000_000
export const sender = { kind: 'wrap', name: 'notes', version: '1' }
export const origin = { server: 'notes', session: 'abc', transport: 'stdio' as const }
export const good = event('business', NOW, { server: 'notes' }, { name: 'orders', value: 1 })

/** The store's contract, in memory. */
function memoryStore(): IngestStore & { rows: Event[]; fault?: Error } {
  const marks = new Map<string, number>()
  return {
    rows: [],
    async append(entries) {
      if (this.fault) throw this.fault
      this.rows.push(...entries.map((entry) => entry.event))
    },
    async appendStream(stream, batch) {
      if (this.fault) throw this.fault
      const mark = marks.get(stream) ?? 0
      const fresh = batch.filter(({ seq }) => seq > mark).map((entry) => entry.event)
      this.rows.push(...fresh)
      marks.set(stream, Math.max(mark, batch.at(-1)?.seq ?? 0))
      return { highWater: marks.get(stream)!, fresh }
    },
    async mark(stream) {
      if (this.fault) throw this.fault
      return marks.get(stream) ?? 0
    },
  }
}

/** An ingest with a store in memory, and a clock that the test moves. */
export function setUp(options: Parameters<typeof ingestOptions.parse>[0] = {}) {
  const store = memoryStore()
  const published: [Event, string][] = []
  const time = { now: NOW, clock: 0 }
  const ingest = createIngest({
    cleanId: (id) => id,
    mask: (event) => event,
    publish: (seen, entrance = 'local') => published.push([seen, entrance]),
    store,
    token: TOKEN,
    now: () => time.now,
    clock: () => time.clock,
    options: ingestOptions.parse(options),
  })
  return { ingest, store, published, time }
}

/** A post as a sender makes it. */
export function post(body: unknown, headers: Record<string, string> = {}, method = 'POST'): Request {
  return new Request('http://127.0.0.1/v1/events', {
    method,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}`, ...headers },
    ...(method === 'GET' ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
}

/** The body of a batch of a numbered stream. */
export const batch = (...events: { seq: unknown; event: unknown }[]) => ({ stream: 's1', sender, events })
