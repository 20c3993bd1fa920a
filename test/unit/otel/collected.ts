/** OpenTelemetry's own SDK, registered as programs do, with its spans kept in memory. */
import { context, propagation, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'

const exporter = new InMemorySpanExporter()
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }))
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
propagation.setGlobalPropagator(new W3CTraceContextPropagator())

/** The tracer of the program itself. */
export const own = trace.getTracer('program')

export function forgetSpans(): void {
  exporter.reset()
}

/** The spans that ended, in the order of their ends. */
export function spans(): readonly ReadableSpan[] {
  return exporter.getFinishedSpans()
}

/** The only one of this name and kind. */
export function spanOf(name: string, kind?: number): ReadableSpan {
  const found = spans().filter((span) => span.name === name && (kind === undefined || span.kind === kind))
  if (found.length !== 1)
    throw new Error(
      `${found.length} spans are ${name}, of: ${spans()
        .map((span) => span.name)
        .join(', ')}`,
    )
  return found[0]!
}

/** Runs within a span of the program's own, and gives its context. */
export async function within<T>(name: string, run: () => Promise<T>): Promise<T> {
  return own.startActiveSpan(name, async (span) => {
    try {
      return await run()
    } finally {
      span.end()
    }
  })
}
