/** The thread of series and queries. Started by `engine.ts`. */
import { parentPort, workerData } from 'node:worker_threads'
import { Core } from './core.js'
import type { Notice, Request, WorkerData } from './protocol.js'

const port = parentPort!
const core = new Core({
  ...(workerData as WorkerData),
  post: (message, transfer = []) => port.postMessage(message, [...transfer]),
  now: () => performance.now(),
})

/** Samples go first: what is asked is asked of them. */
const requests: Request[] = []
let isScheduled = false

port.on('message', (message: Notice | Request) => {
  if ('kind' in message) core.notice(message)
  else {
    requests.push(message)
    schedule()
  }
})

function schedule(): void {
  if (isScheduled) return
  isScheduled = true
  // One at a time, with a turn of the loop between: what came in the meantime is seen before the next.
  setImmediate(() => {
    isScheduled = false
    const request = requests.shift()
    if (request !== undefined) core.answer(request)
    if (request?.call === 'close') port.close()
    else if (requests.length > 0) schedule()
  })
}

port.postMessage({ kind: 'ready' })
