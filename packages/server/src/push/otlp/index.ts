import type { z } from 'zod'
import type { Answer } from '../../http-post/index.js'
import { type About, BATCH_ITEMS, type Body, type ReceiverKind, type Verdict } from '../contract.js'
import { packedJson } from '../shared/gzip.js'
import { headersOf } from '../shared/headers.js'
import { judge, saidIn } from '../shared/judge.js'
import { attributesOf } from './attributes.js'
import { logRecord } from './logs.js'
import { metricsOf } from './metrics.js'
import type { otlpOptions } from './options.js'
import { Spans } from './spans.js'

type Options = z.infer<typeof otlpOptions>
type Signal = 'metrics' | 'traces' | 'logs'

/** What a receiver counts of each signal that it took only a part of. */
const REJECTED = { metrics: 'rejectedDataPoints', traces: 'rejectedSpans', logs: 'rejectedLogRecords' } as const
/** Answers after which the specification allows the same request again, and no others. */
const PASSING: ReadonlySet<number> = new Set([429, 502, 503, 504])

/**
 * OTLP 1.x over HTTP, https://opentelemetry.io/docs/specs/otlp/. As JSON, which the specification has beside protobuf: what is
 * sent can be read, and it takes no code that is made of schemas. Receivers that take protobuf alone need a collector between.
 */
export const otlpReceiver: ReceiverKind<Options> = {
  addressOf: ({ endpoint }) => endpoint,
  create(options, endpoint, about) {
    const { version, labels, startedAtMs, whole } = about
    const scope = { name: 'mcp-vitals', version }
    const own = { attributes: attributesOf(resourceOf(about)) }
    const spans = new Spans()
    const way = (signal: Signal) => ({
      name: `otlp_${signal}`,
      url: `${endpoint.replace(/\/+$/, '')}/v1/${signal}`,
      headers: { ...headersOf(options), 'content-type': 'application/json', 'content-encoding': 'gzip' },
      judge: (answer: Answer) => verdictOf(answer, signal),
    })
    return {
      ...(options.logs && {
        lines: {
          ...way('logs'),
          async encode(lines) {
            const scopeLogs = [{ scope, logRecords: lines.map(logRecord) }]
            return { bytes: await packedJson({ resourceLogs: [{ resource: own, scopeLogs }] }), items: lines.length }
          },
        },
      }),
      ...(options.traces && {
        events: {
          ...way('traces'),
          async encode(events) {
            const byServer = [...spans.of(events)]
            if (byServer.length === 0) return undefined
            const resourceSpans = byServer.map(([server, ofServer]) => ({
              resource: { attributes: attributesOf({ ...labelsBeside(labels), 'service.name': server }) },
              scopeSpans: [{ scope, spans: ofServer }],
            }))
            const items = byServer.reduce((sum, [, ofServer]) => sum + ofServer.length, 0)
            return { bytes: await packedJson({ resourceSpans }), items }
          },
        },
      }),
      ...(options.metrics && {
        samples: {
          ...way('metrics'),
          intervalMs: options.intervalMs,
          async sample(atMs) {
            const bodies: Body[] = []
            let metrics: object[] = []
            let points = 0
            const pack = async () => {
              const resourceMetrics = [{ resource: own, scopeMetrics: [{ scope, metrics }] }]
              bodies.push({ bytes: await packedJson({ resourceMetrics }), items: points })
              metrics = []
              points = 0
            }
            for (const one of metricsOf(whole.collect(), startedAtMs, atMs, BATCH_ITEMS)) {
              if (points > 0 && points + one.points > BATCH_ITEMS) await pack()
              metrics.push(one.metric)
              points += one.points
            }
            if (points > 0) await pack()
            return bodies
          },
        },
      }),
    }
  },
}

/** `job` and `instance` by OpenTelemetry's names, as its own exporters for Prometheus translate them. */
function resourceOf({ labels, version }: About): Record<string, string> {
  const { job = 'mcp-vitals', instance = '' } = labels
  return {
    ...labelsBeside(labels),
    'service.name': job,
    'service.instance.id': instance,
    'service.version': version,
  }
}

function labelsBeside({ job: _, instance: __, ...others }: About['labels']): Record<string, string> {
  return others
}

function verdictOf(answer: Answer, signal: Signal): Verdict {
  const verdict = judge(answer, (status) => PASSING.has(status))
  if (verdict.is !== 'taken') return verdict
  const partial = partialIn(answer.text)
  const rejected = Number(partial?.[REJECTED[signal]] ?? 0)
  const said = typeof partial?.errorMessage === 'string' ? saidIn(partial.errorMessage) : ''
  if (!(rejected > 0)) return said === '' ? verdict : { ...verdict, problem: `warned: ${said}` }
  return { ...verdict, rejected, problem: `did not take ${rejected} of what it was sent${said && `: ${said}`}` }
}

function partialIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const { partialSuccess } = JSON.parse(text) as { readonly partialSuccess?: unknown }
    return typeof partialSuccess === 'object' && partialSuccess !== null
      ? (partialSuccess as Readonly<Record<string, unknown>>)
      : undefined
  } catch {
    return undefined
  }
}
