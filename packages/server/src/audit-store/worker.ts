/** A thread of the audit store: one writes, another reads. Started by `store.ts`. */
import { parentPort, workerData } from 'node:worker_threads'
import { VitalsError, vitalsError } from '../errors/index.js'
import { reasonOf } from '../sqlite/index.js'
import { failureOf } from '../threads/index.js'
import { Committer } from './committer.js'
import type { Message, Part, Request, WorkerData } from './protocol.js'
import { type Opened, openToRead, openToWrite } from './sqlite/open.js'

const port = parentPort!
const data = workerData as WorkerData
const { place, role, shown, log } = data
const post = (message: Message): void => port.postMessage(message)

async function open(): Promise<Opened> {
  // The driver of PostgreSQL is loaded by those alone who use it: most logs lie in a file, and every start would pay.
  if ('postgres' in place) return (await import('./postgres/open.js')).openPostgresLog(data)
  return role === 'read' ? { database: openToRead(place.sqlite) } : openToWrite(place.sqlite, data)
}

try {
  const { database, told } = await open()
  if (told) post({ kind: 'fault', failure: failureOf(told) })
  // Without the port and the database nothing keeps the thread, which ends.
  const letGo = () => {
    port.close()
    database.abandon()
  }
  const committer = new Committer({ database, log, shown, post, onEnd: letGo })
  port.on('message', (asked: Request | Part) => committer.take(asked))
  post({ kind: 'ready' })
} catch (error) {
  // Nothing listens on the port, so the thread ends, and with it the handles on the file.
  const registered =
    error instanceof VitalsError
      ? error
      : vitalsError('AUDIT_FAILED', { store: shown, action: 'be opened', reason: reasonOf(error) }, error)
  post({ kind: 'unusable', failure: failureOf(registered) })
}
