import type { Vitals } from './hub.js'

/** Most calls that are held; of more the oldest are forgotten, and may be counted by hand as well. */
const MAX_OPEN = 1000

/** A tool call that an instrumented server answers, and that is counted there. */
export interface OpenCall {
  /** The tool. */
  readonly name: string | undefined
  /** Whether the program told of it by hand too. */
  claimed: boolean
  /** Class of what the tool threw, as the program tells it. */
  errorType: string | undefined
  /** Those that began before and after it, of the open ones. Set here alone. */
  older: OpenCall | undefined
  newer: OpenCall | undefined
}

/**
 * The tool calls that instrumented servers of this process answer now: what is recorded by hand inside one is no second call.
 * They are their own list: every call of every server comes and goes here, and a set of them cost more than all else of a call.
 */
export class OpenCalls {
  oldest: OpenCall | undefined
  #newest: OpenCall | undefined
  #size = 0

  begin(call: OpenCall): void {
    call.older = this.#newest
    if (this.#newest) this.#newest.newer = call
    else this.oldest = call
    this.#newest = call
    if (++this.#size > MAX_OPEN) this.end(this.oldest!)
  }

  /** Nothing where it ended already. */
  end(call: OpenCall): void {
    const { older, newer } = call
    if (!older && this.oldest !== call) return
    if (older) older.newer = newer
    else this.oldest = newer
    if (newer) newer.older = older
    else this.#newest = older
    call.older = call.newer = undefined
    this.#size--
  }
}

/** Those of this process. */
export function openCalls(hub: Vitals): OpenCalls {
  return hub.share('open-calls/3', () => new OpenCalls())
}
