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
  /** Its neighbours among the open calls, which are `OpenCalls`' to set. */
  before?: OpenCall | undefined
  after?: OpenCall | undefined
}

/** The tool calls that instrumented servers of this process answer now: what is recorded by hand inside one is no second call. */
export class OpenCalls {
  /** The ends of a row: of many calls any may end, and to look for it would take longer the more there are. */
  #oldest: OpenCall | undefined
  #newest: OpenCall | undefined
  #size = 0

  begin(call: OpenCall): void {
    if (this.#size >= MAX_OPEN) this.end(this.#oldest!)
    call.before = this.#newest
    if (this.#newest) this.#newest.after = call
    else this.#oldest = call
    this.#newest = call
    this.#size++
  }

  /** Nothing where it ended already. */
  end(call: OpenCall): void {
    const { before, after } = call
    if (!before && this.#oldest !== call) return
    if (before) before.after = after
    else this.#oldest = after
    if (after) after.before = before
    else this.#newest = before
    call.before = call.after = undefined
    this.#size--
  }

  /** The oldest open call of this tool that nobody claimed yet, which is now claimed. */
  claim(tool: string): OpenCall | undefined {
    let call = this.#oldest
    while (call && (call.claimed || call.name !== tool)) call = call.after
    if (call) call.claimed = true
    return call
  }
}

/** Those of this process. */
export function openCalls(hub: Vitals): OpenCalls {
  return hub.share('open-calls/1', () => new OpenCalls())
}
