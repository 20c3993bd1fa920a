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
}

/** The tool calls that instrumented servers of this process answer now: what is recorded by hand inside one is no second call. */
export class OpenCalls {
  /** Oldest first. Most of the time there is one. */
  readonly #open: OpenCall[] = []

  begin(call: OpenCall): void {
    if (this.#open.length >= MAX_OPEN) this.#open.shift()
    this.#open.push(call)
  }

  /** Nothing where it ended already. */
  end(call: OpenCall): void {
    const at = this.#open.lastIndexOf(call)
    if (at === this.#open.length - 1) this.#open.pop()
    else if (at >= 0) this.#open.splice(at, 1)
  }

  /** The oldest open call of this tool that nobody claimed yet, which is now claimed. */
  claim(tool: string): OpenCall | undefined {
    const call = this.#open.find(({ name, claimed }) => !claimed && name === tool)
    if (call) call.claimed = true
    return call
  }
}

/** Those of this process. */
export function openCalls(hub: Vitals): OpenCalls {
  return hub.share('open-calls/1', () => new OpenCalls())
}
