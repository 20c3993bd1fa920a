import type { ServerContext } from './context.js'
import type { ProcessTaker, ServerProcess } from './process.js'
import type { Tenant } from './slots.js'

/** How long a process waits for the session that mostly follows at once. Milliseconds. */
const WAIT_MS = 5_000

/**
 * A process that was asked for its era, answered that it does not know the question, and so has no session yet: the next
 * legacy session goes on with it, so that a server is not started twice to be asked one thing.
 */
export class Spare {
  readonly #context: ServerContext
  #process: ServerProcess | undefined
  #giveUp: NodeJS.Timeout | undefined

  constructor(context: ServerContext) {
    this.#context = context
  }

  /** Keeps a process, whose slot it holds on to. */
  keep(process: ServerProcess): void {
    void this.end()
    this.#process = process
    const onMessages = () => {
      this.#context.counters.undelivered++
    }
    process.handOver({ onMessages, onExit: () => this.#forget(process) })
    this.#giveUp = setTimeout(() => void this.end(), WAIT_MS).unref()
  }

  /** Hands the process over, where there is one: what is called starts it for its new taker. */
  take(): ((taker: ProcessTaker) => ServerProcess) | undefined {
    const process = this.#process
    if (!process) return undefined
    this.#forget(process)
    return (taker) => {
      process.handOver(taker)
      return process
    }
  }

  /** It makes room whenever somebody needs it. */
  tenants(): readonly Tenant[] {
    return this.#process ? [{ idleMs: () => Number.POSITIVE_INFINITY, end: () => this.end() }] : []
  }

  /** Ends the process, where there is one. Resolves when it is gone. */
  async end(): Promise<void> {
    const process = this.#process
    if (!process) return
    this.#forget(process)
    await process.end()
  }

  #forget(process: ServerProcess): void {
    if (this.#process !== process) return
    this.#process = undefined
    clearTimeout(this.#giveUp)
  }
}
