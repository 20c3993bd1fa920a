/** What is put around a server's calls, name → how. Each gives `instrument` (of a server) or `around` (of a handler). */
import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base'
import prom from 'prom-client'
import { instrument } from '../../packages/instrument/dist/index.js'
import { DURATION_BUCKETS_SECONDS, processMetrics } from '../../packages/instrument/dist/metrics/index.js'
import { startTracing } from '../../packages/instrument/dist/otel/index.js'
import { load } from './peers.mjs'

/** Spans are made and recorded, and go nowhere: what an exporter costs is its own. */
function startOpenTelemetry() {
  trace.setGlobalTracerProvider(new BasicTracerProvider())
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
}

/** Outcome and time of a handler's calls, told to `record(tool, status, seconds)`. */
const timed = (record) => (tool, handler) => async (args, extra) => {
  const start = performance.now()
  let status = 'error'
  try {
    const result = await handler(args, extra)
    status = result.isError ? 'error' : 'success'
    return result
  } finally {
    record(tool, status, (performance.now() - start) / 1000)
  }
}

export const CANDIDATES = {
  bare: () => ({}),
  'mcp-vitals'() {
    // What `metricsHandler` and `startMetricsServer` show.
    processMetrics()
    return { instrument: (server) => instrument(server) }
  },
  'mcp-vitals and spans'() {
    startOpenTelemetry()
    startTracing()
    return CANDIDATES['mcp-vitals']()
  },
  'a span by hand'() {
    startOpenTelemetry()
    const tracer = trace.getTracer('bench')
    const around = (tool, handler) => (args, extra) => {
      const attributes = {
        'mcp.method.name': 'tools/call',
        'gen_ai.tool.name': tool,
        'gen_ai.operation.name': 'execute_tool',
        'jsonrpc.request.id': String(extra.requestId ?? extra.mcpReq?.id),
      }
      const parent = propagation.extract(context.active(), extra._meta ?? extra.mcpReq?._meta ?? {})
      return tracer.startActiveSpan(
        `tools/call ${tool}`,
        { kind: SpanKind.SERVER, attributes },
        parent,
        async (span) => {
          try {
            const result = await handler(args, extra)
            if (result.isError) {
              span.setAttribute('error.type', 'tool_error')
              span.setStatus({ code: SpanStatusCode.ERROR })
            }
            return result
          } finally {
            span.end()
          }
        },
      )
    }
    return { around }
  },
  'by hand'() {
    const calls = new Map()
    const durations = new Map()
    const record = (tool, status, seconds) => {
      const key = `${tool},${status}`
      calls.set(key, (calls.get(key) ?? 0) + 1)
      let histogram = durations.get(tool)
      if (!histogram) {
        histogram = { counts: new Array(18).fill(0), sum: 0 }
        durations.set(tool, histogram)
      }
      let bucket = 0
      while (bucket < DURATION_BUCKETS_SECONDS.length && seconds > DURATION_BUCKETS_SECONDS[bucket]) bucket++
      histogram.counts[bucket]++
      histogram.sum += seconds
    }
    return { around: timed(record) }
  },
  'prom-client by hand'() {
    const registers = [new prom.Registry()]
    const calls = new prom.Counter({ name: 'calls_total', help: 'h', labelNames: ['tool', 'status'], registers })
    const buckets = [...DURATION_BUCKETS_SECONDS]
    const duration = new prom.Histogram({ name: 'seconds', help: 'h', labelNames: ['tool'], buckets, registers })
    const record = (tool, status, seconds) => {
      calls.inc({ tool, status })
      duration.observe({ tool }, seconds)
    }
    return { around: timed(record) }
  },
}

/**
 * The peers, each with what it sends going to `sink`, the address of a server that takes everything. `settle` has it send
 * what waits; `recorded` says how much it saw, where it sends nothing.
 */
export const PEER_CANDIDATES = {
  async Sentry(_major, sink) {
    const sentry = await load('@sentry/node')
    sentry.init({ dsn: sink.replace('http://', 'http://key@').concat('/1'), tracesSampleRate: 1 })
    return { instrument: (server) => sentry.wrapMcpServerWithSentry(server), settle: () => sentry.flush(5000) }
  },
  async PostHog(_major, sink) {
    const { instrument: track } = await load('@posthog/mcp')
    const { PostHog } = await load('posthog-node')
    const posthog = new PostHog('phc_none', { host: sink })
    return {
      instrument: (server) => {
        track(server, posthog)
        return server
      },
      settle: () => posthog.flush(),
    }
  },
  async AgentCat(_major, sink) {
    const { track } = await load('agentcat')
    return {
      instrument: (server) => {
        track(server, 'proj_none', { apiBaseUrl: sink, disableDiagnostics: true })
        return server
      },
    }
  },
  async agnost(_major, sink) {
    const { createConfig, trackMCP } = await load('agnost')
    return { instrument: (server) => trackMCP(server, 'none', createConfig({ endpoint: sink })) ?? server }
  },
  async 'mcp-trace'() {
    const { TraceMiddleware } = await load('mcp-trace')
    let traces = 0
    const trace = async () => {
      traces++
    }
    const middleware = new TraceMiddleware({ adapter: { trace } })
    return {
      recorded: () => traces,
      instrument: (server) => {
        middleware.init(server)
        return server
      },
    }
  },
}
