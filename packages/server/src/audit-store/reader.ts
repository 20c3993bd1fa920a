import type { AuditStore, StoredRow } from '../audit/index.js'
import type { Thread } from '../threads/index.js'
import { unpackRows } from './packed.js'
import type { Calls } from './protocol.js'

type Reading = Pick<AuditStore, 'read' | 'find' | 'head' | 'tree' | 'checkpoints' | 'segments' | 'openings'>

/** What of a store only reads: asked of a thread of its own, which is started when it is first needed. */
export function readerOf(reader: () => Promise<Thread<Calls>>): Reading {
  const ask = async <K extends keyof Calls>(call: K, request: Calls[K]['request']): Promise<Calls[K]['reply']> =>
    (await reader()).call(call, request)

  async function* read(fromSeq: number, toSeq?: number): AsyncGenerator<StoredRow> {
    const end = toSeq ?? (await ask('head', {})).frontier.size
    for (let at = fromSeq; at < end; ) {
      const rows = unpackRows(await ask('page', { fromSeq: at, toSeq: end }))
      yield* rows
      if (rows.length === 0) return
      at = (rows.at(-1) as StoredRow).seq + 1
    }
  }

  return {
    read: ({ fromSeq, toSeq }) => read(fromSeq, toSeq),
    async find(filter) {
      const { rows, next } = await ask('find', { filter })
      return { rows: unpackRows(rows), ...(next !== undefined && { next }) }
    },
    head: () => ask('head', {}),
    tree: () => ({ hashes: (level, from, to) => ask('hashes', { level, from, to }) }),
    checkpoints: ({ fromSize = 0 } = {}) => ask('checkpoints', { fromSize }),
    segments: () => ask('segments', {}),
    openings: (seq) => ask('openings', { seq }),
  }
}
