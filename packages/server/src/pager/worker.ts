/** The pager's thread: owns the alerts and their database. Started by `pager.ts`. */
import { parentPort, workerData } from 'node:worker_threads'
import { AlertEngine } from '../alerts/index.js'
import { VitalsError, vitalsError } from '../errors/index.js'
import { reasonOf } from '../sqlite/index.js'
import { failureOf } from '../threads/index.js'
import { type AlertDatabase, DamagedError, openAlertDatabase } from './database.js'
import { Keeper } from './keeper.js'
import type { Calls, Message, Request, WorkerData } from './protocol.js'

const port = parentPort!
const { file, options, graveToo, traits } = workerData as WorkerData
const post = (message: Message): void => port.postMessage(message)

const database = open()
if (database) {
  const keeper = new Keeper({
    database,
    engine: new AlertEngine({
      options,
      graveToo,
      traitsOf: (channel) => (Object.hasOwn(traits, channel) ? traits[channel] : undefined),
      kept: database.load(),
      now: Date.now(),
    }),
    historyDays: options.historyDays,
    onDisk,
    onHistory: (entries) => post({ kind: 'told', told: entries }),
  })
  port.on('message', (request: Request) => answer(keeper, request))
  post({ kind: 'ready' })
}

function open(): AlertDatabase | undefined {
  try {
    return openAlertDatabase(file, onDisk)
  } catch (error) {
    if (error instanceof DamagedError) post({ kind: 'damaged', reason: error.message })
    else post({ kind: 'unusable', failure: failureFor(error, 'be opened') })
    // Nothing listens on the port now, so the thread ends, and with it the handles on the file.
    return undefined
  }
}

function answer(keeper: Keeper, request: Request): void {
  try {
    post({ kind: 'reply', id: request.id, value: replyTo(keeper, request) })
  } catch (error) {
    // What a person wrote may be no matcher: that says nothing of the file.
    const failure =
      request.call === 'act' && error instanceof SyntaxError
        ? failureOf(vitalsError('ALERT_REFUSED', { reason: sentence(error.message) }))
        : failureFor(error, `do ${request.call}`)
    post({ kind: 'failed', id: request.id, failure })
  }
  if (request.call === 'close') port.close()
}

function replyTo(keeper: Keeper, request: Request): Calls[keyof Calls]['reply'] {
  switch (request.call) {
    case 'turn':
      return keeper.turn(request.turn, request.now)
    case 'act':
      return keeper.act(request.act, request.now)
    case 'alerts':
      return keeper.alerts(request.query, request.now)
    case 'keepQuiet':
      keeper.keepQuiet(request.wanted)
      return null
    case 'silences':
      return keeper.silences()
    case 'history':
      return keeper.history(request)
    case 'close':
      keeper.close()
      return null
  }
}

function onDisk(error: unknown): void {
  post({ kind: 'disk', ...(error !== undefined && { failure: failureFor(error, 'keep what happened') }) })
}

function sentence(words: string): string {
  return `${words[0]?.toUpperCase() ?? ''}${words.slice(1)}.`
}

function failureFor(error: unknown, action: string) {
  return failureOf(
    error instanceof VitalsError ? error : vitalsError('ALERTS_FAILED', { file, action, reason: reasonOf(error) }),
  )
}
