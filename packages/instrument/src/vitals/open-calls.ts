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
  /** Oldest first. */
  readonly #open = new Set<OpenCall>()

  begin(call: OpenCall): void {
    this.#open.add(call)
    if (this.#open.size <= MAX_OPEN) return
    for (const oldest of this.#open) {
      this.#open.delete(oldest)
      return
    }
  }

  /** Nothing where it ended already. */
  end(call: OpenCall): void {
    this.#open.delete(call)
  }

  /** The oldest open call of this tool that nobody claimed yet, which is now claimed. */
  claim(tool: string): OpenCall | undefined {
    for (const call of this.#open)
      if (!call.claimed && call.name === tool) {
        call.claimed = true
        return call
      }
    return undefined
  }
}

/** Those of this process. */
export function openCalls(hub: Vitals): OpenCalls {
  return hub.share('open-calls/1', () => new OpenCalls())
}
