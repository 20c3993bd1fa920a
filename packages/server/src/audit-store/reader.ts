import type { AuditStore, StoredRow } from '../audit/index.js'
import { type VitalsError, vitalsError } from '../errors/index.js'
import { startThread, type Thread } from '../threads/index.js'
import { unpackRows } from './packed.js'
import { shownPlace } from './place.js'
import type { Calls, Place, WorkerData } from './protocol.js'

export type Reading = Pick<
  AuditStore,
  'read' | 'find' | 'head' | 'tree' | 'newestCheckpoint' | 'checkpoints' | 'segments' | 'openings'
>

/** What of a store only reads: asked of a thread of its own, which is started when it is first needed. */
export function readerOf(reader: () => Promise<Thread<Calls>>): Reading {
  const ask = async <K extends keyof Calls>(call: K, request: Calls[K]['request']): Promise<Calls[K]['reply']> =>
    (await reader()).call(call, request)

  async function* read(fromSeq: number, toSeq?: number): AsyncGenerator<StoredRow> {
    const end = toSeq ?? (await ask('end', {}))
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
    newestCheckpoint: async ({ upToSize = Number.MAX_SAFE_INTEGER } = {}) =>
      (await ask('newestCheckpoint', { upToSize })) ?? undefined,
    checkpoints: ({ fromSize = 0 } = {}) => ask('checkpoints', { fromSize }),
    segments: () => ask('segments', {}),
    openings: (seq) => ask('openings', { seq }),
  }
}

/** A log that is read, beside whoever writes it. */
export interface AuditReader extends Reading {
  close(): Promise<void>
}

/** Starts a thread that reads. Rejects with AUDIT_FAILED where nothing is there. */
export function startReader(place: Place, log: string, onFault: (error: VitalsError) => void): Promise<Thread<Calls>> {
  const shown = shownPlace(place)
  return startThread<Calls>({
    program: new URL('../audit-store/worker.js', import.meta.url),
    data: (): WorkerData => ({ place, log, shown, role: 'read', afterFault: false, acknowledged: 0, unsure: [] }),
    failed: (action, reason) => vitalsError('AUDIT_FAILED', { store: shown, action, reason }),
    onFault,
  })
}

/** Opens a log to read it alone: nothing is made, migrated, checked or mended. Rejects with AUDIT_FAILED. */
export async function openAuditReader({
  place,
  log,
}: {
  readonly place: Place
  readonly log: string
}): Promise<AuditReader> {
  const thread = await startReader(place, log, () => {})
  return { ...readerOf(async () => thread), close: () => thread.close() }
}
