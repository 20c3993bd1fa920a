import { type ResourceLimits, type Transferable, Worker } from 'node:worker_threads'
import type { VitalsError } from '../errors/index.js'
import { type CallTable, fromFailure, type MessageOf } from './protocol.js'

/** Pause before a thread that ended is started again: doubled after each failure, back to the first after a success. */
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 30_000

export interface ThreadSetup {
  /** The thread's program. It answers the call `close`, and then ends. */
  readonly program: URL
  /** What each start of it is given: called anew every time. */
  readonly data: () => unknown
  /** Makes an error of what could not be done, such as `go on`, and why. */
  readonly failed: (action: string, reason: string) => VitalsError
  /** Moves a damaged file aside, so that a second start finds none; returns what to tell. Without it, damage is an end. */
  readonly moveAside?: (reason: string) => VitalsError
  /** Told of everything that went wrong by itself. */
  readonly onFault: (error: VitalsError) => void
  /** Longest time, in milliseconds, that it may say nothing while something was asked: then it is ended. Default: any. */
  readonly silenceMs?: number
  /** Bounds of its memory: beyond them it ends, and not the process. */
  readonly resourceLimits?: ResourceLimits
  /** Told of each start, before anything is asked. */
  readonly onStart?: () => void
  /** Told of what the thread says unasked. */
  readonly onTold?: (told: never) => void
}

/** A thread, seen from the main loop: it is started again when it ends unasked. */
export interface Thread<C extends CallTable<C>> {
  /** Rejects with a registered error; at once while the thread is down. */
  call<K extends keyof C>(call: K, request: C[K]['request']): Promise<C[K]['reply']>
  /** Tells the thread something that has no answer. Nobody hears it while the thread is down. */
  tell(notice: { readonly kind: string }, transfer?: readonly Transferable[]): void
  /** Calls that have no answer yet. */
  waiting(): number
  /** Why the thread is down, or its disk refuses to keep what was committed; undefined while all is well. */
  fault(): VitalsError | undefined
  /** How often it was started again. */
  restarts(): number
  /** Finishes what was asked for and ends the thread. Idempotent. */
  close(): Promise<void>
}

interface Pending {
  readonly resolve: (value: never) => void
  readonly reject: (error: VitalsError) => void
}

/** Starts the thread. Rejects with the registered error when it cannot serve. */
export async function startThread<C extends CallTable<C>>(setup: ThreadSetup): Promise<Thread<C>> {
  const thread = new RestartedThread<C>(setup)
  await thread.start()
  return thread
}

class RestartedThread<C extends CallTable<C>> implements Thread<C> {
  readonly #setup: ThreadSetup
  readonly #pending = new Map<number, Pending>()
  #worker: Worker | undefined
  #lastId = 0
  #restarts = 0
  #pauseMs = FIRST_PAUSE_MS
  #downBecause: VitalsError | undefined
  #diskFault: VitalsError | undefined
  #timer: NodeJS.Timeout | undefined
  #watch: NodeJS.Timeout | undefined
  #closing: Promise<void> | undefined

  constructor(setup: ThreadSetup) {
    this.#setup = setup
  }

  async start(): Promise<void> {
    const { moveAside, onFault } = this.#setup
    let outcome = await startOnce<C>(this.#setup)
    if ('damaged' in outcome && moveAside) {
      onFault(moveAside(outcome.damaged))
      outcome = await startOnce<C>(this.#setup)
    }
    if ('damaged' in outcome) throw this.#failed(`a new file is damaged at once (${outcome.damaged})`)
    if ('error' in outcome) throw outcome.error
    if (this.#closing) await outcome.worker.terminate()
    else this.#attach(outcome.worker)
  }

  call<K extends keyof C>(name: K, request: C[K]['request']): Promise<C[K]['reply']> {
    if (this.#closing) return Promise.reject(this.#failed('it is closed'))
    return this.#ask(name, request)
  }

  #ask(name: PropertyKey, request: object): Promise<never> {
    const worker = this.#worker
    if (!worker) return Promise.reject(this.#downBecause ?? this.#failed('its thread is not there'))
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject })
      worker.postMessage({ id, call: name, ...request })
      this.#guard()
    })
  }

  tell(notice: { readonly kind: string }, transfer: readonly Transferable[] = []): void {
    this.#worker?.postMessage(notice, transfer)
  }

  waiting(): number {
    return this.#pending.size
  }

  /** What was asked and says nothing at all for so long hangs. */
  #guard(): void {
    const { silenceMs } = this.#setup
    if (silenceMs === undefined) return
    this.#watch ??= setTimeout(() => {
      void this.#worker?.terminate()
    }, silenceMs)
  }

  #heard(): void {
    clearTimeout(this.#watch)
    this.#watch = undefined
    if (this.#pending.size > 0) this.#guard()
  }

  fault(): VitalsError | undefined {
    return this.#downBecause ?? this.#diskFault
  }

  restarts(): number {
    return this.#restarts
  }

  close(): Promise<void> {
    this.#closing ??= Promise.resolve().then(() => this.#end())
    return this.#closing
  }

  #attach(worker: Worker): void {
    this.#worker = worker
    this.#downBecause = undefined
    this.#diskFault = undefined
    this.#setup.onStart?.()
    let crash: Error | undefined
    let fatal: VitalsError | undefined
    worker.on('message', (message: MessageOf<C>) => {
      if (message.kind === 'fatal') fatal = fromFailure(message.failure)
      else this.#settle(message)
      this.#heard()
    })
    worker.on('error', (error) => {
      crash = error
    })
    worker.on('exit', (code) =>
      this.#ended(fatal ?? this.#failed(`its thread ended (${crash?.message ?? `exit code ${code}`})`)),
    )
  }

  #settle(message: MessageOf<C>): void {
    if (message.kind === 'told') this.#setup.onTold?.(message.told as never)
    if (message.kind === 'fault') this.#setup.onFault(fromFailure(message.failure))
    if (message.kind === 'disk') this.#diskFault = message.failure && this.#told(fromFailure(message.failure))
    if (message.kind !== 'reply' && message.kind !== 'failed') return
    const caller = this.#pending.get(message.id)
    this.#pending.delete(message.id)
    if (message.kind === 'failed') {
      caller?.reject(fromFailure(message.failure))
      return
    }
    this.#pauseMs = FIRST_PAUSE_MS
    caller?.resolve(message.value as never)
  }

  #told(fault: VitalsError): VitalsError {
    this.#setup.onFault(fault)
    return fault
  }

  /** The thread is gone: everybody who waits is told, and a new one follows unless the end was asked for. */
  #ended(reason: VitalsError): void {
    this.#worker = undefined
    clearTimeout(this.#watch)
    this.#watch = undefined
    this.#downBecause = reason
    for (const { reject } of this.#pending.values()) reject(reason)
    this.#pending.clear()
    if (this.#closing) return
    this.#setup.onFault(reason)
    this.#timer = setTimeout(() => {
      this.#restarts++
      this.start().catch((error: VitalsError) => this.#ended(error))
    }, this.#pauseMs)
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS)
  }

  async #end(): Promise<void> {
    clearTimeout(this.#timer)
    const worker = this.#worker
    if (!worker) return
    const gone = new Promise((resolve) => worker.once('exit', resolve))
    await this.#ask('close', {}).catch(this.#setup.onFault)
    await gone
  }

  #failed(reason: string): VitalsError {
    return this.#setup.failed('go on', reason)
  }
}

type Outcome = { readonly worker: Worker } | { readonly error: VitalsError } | { readonly damaged: string }

/** Starts the program once, and waits until it serves or is gone: only then are its handles on the file closed. */
function startOnce<C extends CallTable<C>>(setup: ThreadSetup): Promise<Outcome> {
  const { program, data, failed, onFault, resourceLimits } = setup
  const worker = new Worker(program, { workerData: data(), ...(resourceLimits && { resourceLimits }) })
  const unable = (reason: string) => failed('be opened', reason)
  return new Promise((resolve) => {
    let outcome: Outcome | undefined
    let serves = false
    worker.on('message', (message: MessageOf<C>) => {
      if (message.kind === 'damaged') outcome = { damaged: message.reason }
      if (message.kind === 'unusable') outcome = { error: fromFailure(message.failure) }
      if (message.kind === 'fault' && !serves) onFault(fromFailure(message.failure))
      if (message.kind === 'ready') {
        serves = true
        resolve({ worker })
      }
    })
    worker.on('error', (error) => {
      outcome = { error: unable(error.message) }
    })
    worker.on('exit', (code) => resolve(outcome ?? { error: unable(`its thread ended with code ${code}`) }))
  })
}
