import { Operation, type Outcome, Recent } from '../mcp/index.js'
import { type OpenCall, type OpenCalls, openCalls, vitals } from '../vitals/index.js'
import { type About, originOf, quietly, tell, text, thrownWord } from './tell.js'

/** Most tools that are told of by name: a caller who makes names up fills nothing. */
const MAX_TOOLS = 1000
const TIMEOUT = /^(TimeoutError|E(SOCKET)?TIMEDOUT|UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT)$/

/** What all copies of this package in the process count together. */
interface Calls {
  readonly told: Set<string>
  /** Begins the ids of this process's operations. */
  readonly stem: string
  next: number
  readonly recent: Recent
}

/**
 * One call of a tool, from its begin to its end. Nothing here throws. Inside a call that `instrument` counts it is that call, and
 * adds the class of its error. Sizes are not known: a function sees no message.
 */
export class Call {
  #tool = 'unknown'
  #operation: Operation | undefined
  #counted: OpenCall | undefined

  /** `name`: of the tool; `unknown` where it is none. */
  constructor(name: unknown, about: About) {
    quietly(() => {
      this.#tool = text(name, 128)
    })
    quietly(() => {
      const hub = vitals()
      this.#counted = claimed(openCalls(hub), this.#tool)
      if (this.#counted) return
      const origin = originOf(about)
      const calls = shared()
      const voice = { origin, publish: hub.publish, now: Date.now, clock, server: calls }
      const operation = new Operation(voice, this, 'client_to_server', 'tools/call', declared(this.#tool, about))
      operation.begin(`${calls.stem}-${(calls.next++).toString(36)}`, origin.traceId)
      this.#operation = operation
    })
  }

  /** It gave a result; one in MCP's own form may say that it is an error. */
  ended(result: unknown): void {
    quietly(() =>
      this.#end((result as { isError?: unknown } | null | undefined)?.isError === true ? 'tool_error' : 'ok'),
    )
  }

  /** It threw. */
  failed(error: unknown): void {
    quietly(() => {
      const kind = thrownWord(error)
      if (this.#counted) this.#counted.errorType = kind
      const code = String((error as { code?: unknown } | null | undefined)?.code)
      if (kind === 'AbortError') this.#end('cancelled')
      else this.#end(TIMEOUT.test(kind) || TIMEOUT.test(code) ? 'timeout' : 'tool_error', kind)
    })
  }

  /** Nobody waits for it any more. Nothing where it ended already. */
  abandoned(): void {
    quietly(() => this.#end('cancelled'))
  }

  #end(outcome: Outcome, errorType?: string): void {
    const operation = this.#operation
    if (!operation) return
    this.#operation = undefined
    operation.errorType = errorType
    operation.end(outcome)
  }
}

/** The oldest open call of this tool that nobody claimed yet, which is now claimed. */
function claimed(calls: OpenCalls, tool: string): OpenCall | undefined {
  for (let call = calls.oldest; call; call = call.newer)
    if (!call.claimed && call.name === tool) {
      call.claimed = true
      return call
    }
  return undefined
}

function clock(): number {
  return performance.now()
}

/** The tool's name as an event holds it; whoever counts hears once that there is this tool. */
export function declared(tool: unknown, about: About): string {
  const name = text(tool, 128)
  const { told } = shared()
  const key = JSON.stringify([about.server, name])
  if (told.size < MAX_TOOLS && !told.has(key)) {
    told.add(key)
    tell('tools.listed', about, { tools: [name], hashes: [], sizeBytes: 0, complete: false })
  }
  return name
}

function shared(): Calls {
  return vitals().share('calls/2', () => ({
    told: new Set<string>(),
    stem: `h${Math.random().toString(36).slice(2, 12)}${Date.now().toString(36)}`,
    next: 1,
    recent: new Recent(),
  }))
}
