/** The thread of series, rules and queries. Started by `engine.ts`. */
import { parentPort, workerData } from 'node:worker_threads'
import { Core } from './core.js'
import type { Notice, Request, WorkerData } from './protocol.js'

/** Longest sleep: clocks may be set forward. Milliseconds. */
const LONGEST_SLEEP_MS = 10_000

const port = parentPort!
const core = new Core({
  ...(workerData as WorkerData),
  post: (message, transfer = []) => port.postMessage(message, [...transfer]),
  now: () => performance.now(),
})

/** Samples go first: what is asked is asked of them. */
const requests: Request[] = []
let isScheduled = false
let timer: NodeJS.Timeout | undefined

port.on('message', (message: Notice | Request) => {
  if ('kind' in message) core.notice(message)
  else requests.push(message)
  schedule()
})

function schedule(): void {
  if (isScheduled) return
  isScheduled = true
  clearTimeout(timer)
  // One query and one rule at a time, with a turn of the loop between: what came in the meantime is seen before the next.
  setImmediate(turn)
}

function turn(): void {
  isScheduled = false
  const request = requests.shift()
  if (request !== undefined) core.answer(request)
  if (request?.call === 'close') {
    port.close()
    return
  }
  core.evaluate(Date.now())
  const restMs = core.dueMs() - Date.now()
  if (requests.length > 0 || restMs <= 0) schedule()
  else timer = setTimeout(schedule, Math.min(restMs, LONGEST_SLEEP_MS))
}

port.postMessage({ kind: 'ready' })
