import {
  type Context,
  context,
  INVALID_TRACEID,
  isSpanContextValid,
  propagation,
  type Span,
  SpanKind,
  type Link as SpanLink,
  type TextMapGetter,
  TraceFlags,
  trace,
} from '@opentelemetry/api'
import { type Around, type Delivery, type Link, type Surround, type Vitals, vitals } from '../vitals/index.js'
import { nameAttribute, revisionOf, subjectOf } from './attributes.js'
import { answerOf, namesOf, type Thing, thingOf, thrownType } from './shapes.js'
import { type Ending, fail, type Lane, RequestSpan } from './span.js'
import { type ServerNames, VouchedNames } from './vouched.js'

/** Most spans that wait for an answer; beyond it the oldest ends `unanswered`. */
const MAX_OPEN = 10_000

/** What spans tell beyond the defaults. */
export interface TracingOptions {
  /** Whether notifications have spans too, as the conventions want it. Default true. */
  readonly notifications?: boolean
  /**
   * Whether the status of a failed span has the error's message: that of a JSON-RPC error, or the first text of a tool's
   * error, at most 256 characters. It may hold what a caller gave. Default false: `error.type` alone.
   */
  readonly errorMessages?: boolean
  /** Whether spans have `mcp.resource.uri`, which may hold what a caller gave. Default false. */
  readonly resourceUris?: boolean
}

/**
 * Makes spans, by OpenTelemetry's conventions for MCP, of what passes at all servers and clients of this process that are
 * instrumented, whenever they were. They go to the tracer provider that the process registered, and contexts travel in
 * `params._meta` by its propagator: a process without them has neither, and nothing changes. Handlers run in their span's
 * context. Again: the newest options count. What is returned ends it, and the spans that are open.
 */
export function startTracing(options: TracingOptions = {}): () => void {
  const hub = vitals()
  const running = hub.share('otel/1', () => ({ stop: () => {} }))
  running.stop()
  const tracing = new Tracing(hub, options)
  hub.surround = tracing
  const stop = () => {
    if (hub.surround === tracing) hub.surround = undefined
    tracing.end()
  }
  running.stop = stop
  return stop
}

/** What is remembered of one connection. */
interface Remembered {
  /** What our side asked, and what the other did. */
  readonly ours: Lane
  readonly theirs: Lane
  /** What the server vouched for. */
  readonly names: ServerNames
  /** The revision that `initialize` agreed on. */
  version: string | undefined
}

class Tracing implements Surround {
  readonly #tracer = trace.getTracer('@mcp-vitals/instrument')
  readonly #hub: Vitals
  readonly #options: TracingOptions
  readonly #links = new WeakMap<Link, Remembered>()
  readonly #vouched = new VouchedNames()
  /** In the order in which they were asked. */
  readonly #open = new Set<RequestSpan>()

  constructor(hub: Vitals, options: TracingOptions) {
    this.#hub = hub
    this.#options = options
  }

  passing(link: Link, message: unknown, sent: boolean): Around | undefined {
    const thing = thingOf(message)
    if (!thing) return undefined
    try {
      return this.#pass(link, thing, sent)
    } catch {
      this.#hub.stats.faults++
      return undefined
    }
  }

  closed(link: Link): void {
    this.#guard(() => {
      const known = this.#links.get(link)
      if (!known) return
      for (const lane of [known.ours, known.theirs])
        for (const open of [...lane.values()]) this.#end(open, { errorType: 'cancelled' })
    })
  }

  /** Ends every span that is open. */
  end(): void {
    for (const open of [...this.#open]) this.#guard(() => this.#end(open, { errorType: undefined }))
  }

  #pass(link: Link, message: Thing, sent: boolean): Around | undefined {
    const { id, method } = message
    const known = this.#of(link)
    if (typeof method !== 'string') {
      if (id !== undefined && id !== null) this.#answered(sent ? known.theirs : known.ours, message, known)
      return undefined
    }
    const asked = sent ? known.ours : known.theirs
    if (method === 'notifications/cancelled')
      this.#end(asked.get(thingOf(message.params)?.requestId), { errorType: 'cancelled' })
    if (id === null || (id === undefined && this.#options.notifications === false)) return undefined
    // A transport that sends again what it was given, after it was authorized, asks nothing new.
    if (sent && id !== undefined && asked.get(id)?.message === message) return undefined
    return this.#begin(link, known, message, sent)
  }

  #begin(link: Link, known: Remembered, message: Thing, sent: boolean): Around | undefined {
    const ambient = context.active()
    const parent = sent ? ambient : extracted(ambient, message)
    const { method, name, attributes } = subjectOf(message, link, known.version, this.#options.resourceUris === true)
    const vouched = name !== undefined && known.names[method]?.has(name) === true
    if (vouched) attributes[nameAttribute(method)] = name
    const title = attributes['mcp.method.name'] as string
    const span = this.#tracer.startSpan(
      vouched ? `${title} ${name}` : title,
      { kind: sent ? SpanKind.CLIENT : SpanKind.SERVER, attributes, links: sent ? [] : linksTo(ambient, parent) },
      parent,
    )
    const spanContext = span.spanContext()
    if (spanContext.traceId === INVALID_TRACEID) return undefined
    const inner = trace.setSpan(parent, span)
    const { traceId, spanId, traceFlags } = spanContext
    // An exemplar that leads to a trace which nobody kept would help nobody.
    const traceparent = traceFlags & TraceFlags.SAMPLED ? `00-${traceId}-${spanId}-01` : ''
    const replaced = sent ? injected(message, inner) : undefined
    const { id } = message
    const run = (deliver: () => void) => context.with(inner, deliver)
    if (id === undefined) {
      const over = (thrown?: Thrown) => this.#guard(() => finish(span, thrown))
      if (sent) return { message: replaced, traceparent, run, sent: (how) => settled(how, over) }
      return {
        traceparent,
        run(deliver) {
          run(deliver)
          over()
        },
      }
    }
    const lane = sent ? known.ours : known.theirs
    this.#end(lane.get(id), { errorType: 'replaced' })
    const open = new RequestSpan(span, lane, id, method, name, vouched, replaced ?? message)
    this.#add(open)
    if (!sent) return { traceparent, run }
    // It waits for its answer, unless it could not even be sent.
    const over = (thrown?: Thrown) => {
      if (thrown) this.#guard(() => this.#end(open, { errorType: thrownType(thrown.error) }))
    }
    return { message: replaced, traceparent, run, sent: (how) => settled(how, over) }
  }

  #answered(lane: Lane, message: Thing, known: Remembered): void {
    const open = lane.get(message.id)
    if (!open) return
    const answer = answerOf(message)
    const { method, name, span } = open
    if (answer.errorType === undefined) this.#learn(open, thingOf(message.result) ?? {}, known)
    if (name !== undefined && !open.named) {
      const names = known.names[method]
      if (answer.ran) this.#vouched.add(names, name)
      // This answer, or one that came meanwhile, may be what vouches for the name.
      if (names?.has(name)) {
        span.updateName(`${method} ${name}`)
        span.setAttribute(nameAttribute(method), name)
      }
    }
    this.#end(open, answer)
  }

  /** What an answer says of the server. */
  #learn({ method, span }: RequestSpan, result: Thing, known: Remembered): void {
    if (method === 'initialize') {
      known.version = revisionOf(result.protocolVersion)
      if (known.version !== undefined) span.setAttribute('mcp.protocol.version', known.version)
    } else if (method === 'tools/list') {
      for (const name of namesOf(result.tools)) this.#vouched.add(known.names['tools/call'], name)
    } else if (method === 'prompts/list') {
      for (const name of namesOf(result.prompts)) this.#vouched.add(known.names['prompts/get'], name)
    }
  }

  #add(open: RequestSpan): void {
    open.lane.set(open.id, open)
    this.#open.add(open)
    if (this.#open.size > MAX_OPEN) this.#end(this.#open.values().next().value, { errorType: 'unanswered' })
  }

  #end(open: RequestSpan | undefined, how: Ending): void {
    if (!open || !this.#open.delete(open)) return
    if (open.lane.get(open.id) === open) open.lane.delete(open.id)
    open.end(how, this.#options.errorMessages === true)
  }

  #of(link: Link): Remembered {
    const known = this.#links.get(link)
    if (known) return known
    const names = this.#vouched.of(link.server)
    const made: Remembered = { ours: new Map(), theirs: new Map(), names, version: undefined }
    this.#links.set(link, made)
    return made
  }

  #guard<T>(run: () => T): T | undefined {
    try {
      return run()
    } catch {
      this.#hub.stats.faults++
      return undefined
    }
  }
}

const META: TextMapGetter<Thing> = {
  keys: (meta) => Object.keys(meta),
  get(meta, key) {
    const value = meta[key]
    return typeof value === 'string' ? value : undefined
  },
}

/** The context that a message brings, on top of the one that is active. */
function extracted(ambient: Context, message: Thing): Context {
  const meta = thingOf(thingOf(message.params)?._meta)
  return meta ? propagation.extract(ambient, meta, META) : ambient
}

/** What carries the message, such as a request of HTTP, where it is not the parent. */
function linksTo(ambient: Context, parent: Context): SpanLink[] {
  const carrier = trace.getSpanContext(ambient)
  if (!carrier || !isSpanContextValid(carrier) || trace.getSpanContext(parent)?.spanId === carrier.spanId) return []
  return [{ context: carrier }]
}

/** The message with the context in it; undefined where there is nothing to put in, or no place. */
function injected(message: Thing, inner: Context): unknown {
  const fields: Record<string, string> = {}
  propagation.inject(inner, fields)
  const params = message.params ?? {}
  const meta = (params as Thing)._meta ?? {}
  if (Object.keys(fields).length === 0 || !thingOf(params) || !thingOf(meta)) return undefined
  return { ...message, params: { ...params, _meta: { ...meta, ...fields } } }
}

interface Thrown {
  readonly error: unknown
}

/** Tells when a delivery is over: at once, or when the promise that it gave is settled, in place of which is one of the same. */
function settled(how: Delivery, over: (thrown?: Thrown) => void): unknown {
  if ('error' in how) {
    over(how)
    return undefined
  }
  const { value } = how
  if (!(value instanceof Promise)) {
    over()
    return value
  }
  return value.then(
    (given) => {
      over()
      return given
    },
    (error: unknown) => {
      over({ error })
      throw error
    },
  )
}

function finish(span: Span, thrown: Thrown | undefined): void {
  if (thrown) fail(span, thrownType(thrown.error))
  span.end()
}
