import { Worker } from 'node:worker_threads'
import { type VitalsError, vitalsError } from '../errors/index.js'
import { fromFailure } from './failure.js'
import type { Call, Calls, Message, Request, WorkerData } from './protocol.js'

/** Pause before a thread that ended is started again: doubled after each failure, back to the first after a success. */
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 30_000

export interface ThreadSetup {
  /** The thread's program. */
  readonly program: URL
  readonly data: WorkerData
  /** Moves the damaged database aside. */
  readonly moveAside: (reason: string) => VitalsError
  /** Told of everything that went wrong by itself. */
  readonly onFault: (error: VitalsError) => void
}

/** The store's thread, seen from the main loop: it is started again when it ends unasked. */
export interface Thread {
  /** Rejects with a registered error; at once while the thread is down. */
  call<C extends Call>(call: C, request: Calls[C]['request']): Promise<Calls[C]['reply']>
  /** Why the thread is down, or undefined while it runs. */
  down(): VitalsError | undefined
  /** How often it was started again. */
  restarts(): number
  /** Finishes what was asked for and ends the thread. Idempotent. */
  close(): Promise<void>
}

interface Pending {
  readonly resolve: (value: never) => void
  readonly reject: (error: VitalsError) => void
}

/** Starts the thread. Rejects with the registered error when the database cannot be opened. */
export async function startThread({ program, data, moveAside, onFault }: ThreadSetup): Promise<Thread> {
  const pending = new Map<number, Pending>()
  let worker: Worker | undefined
  let lastId = 0
  let restarts = 0
  let pauseMs = FIRST_PAUSE_MS
  let downBecause: VitalsError | undefined
  let timer: NodeJS.Timeout | undefined
  let closing: Promise<void> | undefined

  function failed(reason: string): VitalsError {
    return vitalsError('STORE_FAILED', { file: data.file, action: 'go on', reason })
  }

  function settle(message: Message): void {
    if (message.kind === 'fault') onFault(fromFailure(message.failure))
    if (message.kind !== 'reply' && message.kind !== 'failed') return
    const caller = pending.get(message.id)
    pending.delete(message.id)
    if (message.kind === 'reply') caller?.resolve(message.value as never)
    else caller?.reject(fromFailure(message.failure))
  }

  /** The thread is gone: everybody who waits is told, and a new one follows unless the end was asked for. */
  function ended(reason: VitalsError): void {
    worker = undefined
    downBecause = reason
    for (const { reject } of pending.values()) reject(reason)
    pending.clear()
    if (closing) return
    onFault(reason)
    timer = setTimeout(() => {
      restarts++
      start().catch(ended)
    }, pauseMs)
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
  }

  async function start(): Promise<void> {
    let outcome = await startOnce(program, data)
    if ('damaged' in outcome) {
      onFault(moveAside(outcome.damaged))
      outcome = await startOnce(program, data)
    }
    if ('damaged' in outcome) throw failed(`a new file is damaged at once (${outcome.damaged})`)
    if ('error' in outcome) throw outcome.error
    if (closing) {
      await outcome.worker.terminate()
      return
    }
    worker = outcome.worker
    downBecause = undefined
    let crash: Error | undefined
    worker.on('message', (message: Message) => {
      if (message.kind === 'reply') pauseMs = FIRST_PAUSE_MS
      settle(message)
    })
    worker.on('error', (error) => {
      crash = error
    })
    worker.on('exit', (code) => ended(failed(`its thread ended (${crash?.message ?? `exit code ${code}`})`)))
  }

  function call<C extends Call>(name: C, request: Calls[C]['request']): Promise<Calls[C]['reply']> {
    const running = worker
    if (closing && name !== 'close') return Promise.reject(failed('it is closed'))
    if (!running) return Promise.reject(downBecause ?? failed('its thread is not there'))
    const id = ++lastId
    return new Promise((resolve, reject) => {
      pending.set(id, { resolve, reject })
      running.postMessage({ id, call: name, ...request } as unknown as Request)
    })
  }

  async function end(): Promise<void> {
    clearTimeout(timer)
    const running = worker
    if (!running) return
    const gone = new Promise((resolve) => running.once('exit', resolve))
    await call('close', {}).catch(onFault)
    await gone
  }

  await start()
  return {
    call,
    down: () => downBecause,
    restarts: () => restarts,
    close() {
      closing ??= Promise.resolve().then(end)
      return closing
    },
  }
}

type Outcome = { readonly worker: Worker } | { readonly error: VitalsError } | { readonly damaged: string }

/** Starts the program once, and waits until it serves or is gone: only then are its handles on the file closed. */
function startOnce(program: URL, data: WorkerData): Promise<Outcome> {
  const worker = new Worker(program, { workerData: data })
  const unable = (reason: string) => vitalsError('STORE_FAILED', { file: data.file, action: 'be opened', reason })
  return new Promise((resolve) => {
    let outcome: Outcome | undefined
    worker.on('message', (message: Message) => {
      if (message.kind === 'damaged') outcome = { damaged: message.reason }
      if (message.kind === 'unusable') outcome = { error: fromFailure(message.failure) }
      if (message.kind === 'ready') resolve({ worker })
    })
    worker.on('error', (error) => {
      outcome = { error: unable(error.message) }
    })
    worker.on('exit', (code) => resolve(outcome ?? { error: unable(`its thread ended with code ${code}`) }))
  })
}
