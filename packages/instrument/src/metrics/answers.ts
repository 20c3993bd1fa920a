import { CATALOGUE } from './catalogue.js'
import { type Family, OVERFLOW } from './family.js'
import { statusLabel } from './methods.js'
import type { Registry } from './registry.js'
import type { Counter, Gauge, Histogram, Summary } from './series.js'
import { estimateTokens } from './tokens.js'

const { mcp } = CATALOGUE

/**
 * The series that answers to one method of one server move: looked up once, since every call moves them all. They live
 * as long as the registry.
 */
export class AnswerSeries {
  readonly #registry: Registry
  readonly #server: string
  readonly #method: string
  readonly #byStatus = new Map<number, Counter>()
  #duration: Histogram | undefined
  #requestSize: Summary | undefined
  #responseSize: Summary | undefined

  constructor(registry: Registry, server: string, method: string) {
    this.#registry = registry
    this.#server = server
    this.#method = method
  }

  count(status: number): Counter {
    const known = this.#byStatus.get(status)
    if (known) return known
    const label = statusLabel(status)
    const made = this.#registry.counter(mcp.requests_total).with(this.#server, this.#method, this.#server, label)
    // A sender may say any number: those that are no status share a label and are looked up each time.
    if (label !== OVERFLOW) this.#byStatus.set(status, made)
    return made
  }

  get duration(): Histogram {
    this.#duration ??= this.#registry
      .histogram(mcp.request_duration_seconds)
      .with(this.#server, this.#method, this.#server)
    return this.#duration
  }

  get requestSize(): Summary {
    this.#requestSize ??= this.#registry.summary(mcp.request_size_bytes).with(this.#server, this.#method, this.#server)
    return this.#requestSize
  }

  get responseSize(): Summary {
    this.#responseSize ??= this.#registry
      .summary(mcp.response_size_bytes)
      .with(this.#server, this.#method, this.#server)
    return this.#responseSize
  }
}

/** The series that calls of one tool of one server move, looked up once. They live as long as the tool is known. */
export class CallSeries {
  readonly duration: Histogram
  readonly #calls: Family<readonly ['server', 'tool', 'status'], 'counter'>
  readonly #server: string
  readonly #tool: string
  readonly #registry: Registry
  #available: Gauge | undefined
  #sizes: Histogram | undefined
  #tokens: Histogram | undefined
  readonly #byStatus = new Map<string, Counter>()

  constructor(registry: Registry, server: string, tool: string) {
    this.duration = registry.histogram(mcp.tool_call_duration_seconds).with(server, tool)
    this.#registry = registry
    this.#calls = registry.counter(mcp.tool_calls_total)
    this.#server = server
    this.#tool = tool
  }

  count(status: string): Counter {
    const known = this.#byStatus.get(status)
    if (known) return known
    const made = this.#calls.with(this.#server, this.#tool, status)
    this.#byStatus.set(status, made)
    return made
  }

  /** There is this tool. */
  available(): void {
    this.#available ??= this.#registry.gauge(mcp.tool_availability).with(this.#server, this.#tool)
    this.#available.set(1)
  }

  /** A call gave a result of this size: what it costs a model's context. */
  result(sizeBytes: number): void {
    this.#sizes ??= this.#registry.histogram(mcp.tool_result_size_bytes).with(this.#server, this.#tool)
    this.#tokens ??= this.#registry.histogram(mcp.tool_result_tokens).with(this.#server, this.#tool, 'true')
    this.#sizes.observe(sizeBytes)
    this.#tokens.observe(estimateTokens('result', sizeBytes))
  }
}
