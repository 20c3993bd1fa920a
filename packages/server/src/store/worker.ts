/** The store's thread: owns the database, commits in groups, keeps the bounds. Started by `thread.ts`. */
import { parentPort, workerData } from 'node:worker_threads'
import { Committer } from './committer.js'
import { DamagedError, type EventDatabase, openDatabase } from './database.js'
import { toFailure } from './failure.js'
import type { Message, Request, WorkerData } from './protocol.js'

const port = parentPort!
const { file, options } = workerData as WorkerData
const post = (message: Message): void => port.postMessage(message)

const database = open()
if (database) {
  const committer = new Committer({ database, file, options, post, onClosed: () => port.close() })
  port.on('message', (request: Request) => committer.take(request))
  post({ kind: 'ready' })
}

function open(): EventDatabase | undefined {
  try {
    return openDatabase(file)
  } catch (error) {
    if (error instanceof DamagedError) post({ kind: 'damaged', reason: error.message })
    else post({ kind: 'unusable', failure: toFailure(error, file, 'be opened') })
    // Nothing listens on the port now, so the thread ends, and with it the handles on the file.
    return undefined
  }
}
