import { CONTENT_TYPES, type Format, formatFor, processMetrics, type ViewLabels } from '../metrics/index.js'
import {
  type HonoLike,
  isFetchRequest,
  isHono,
  type NodeRequest,
  type NodeResponse,
  type RawReply,
  type RawRequest,
  rawOf,
} from './shapes.js'

/** One handler for every place where a handler goes. */
export interface MetricsHandler {
  /** Web-standard: Deno, Bun, workers, `Request` in and `Response` out. */
  (request: Request): Response
  /** Hono: `app.get('/metrics', metricsHandler())`. */
  (context: HonoLike): Response
  /** `node:http`, and Express: `app.get('/metrics', metricsHandler())`. */
  (request: NodeRequest, response: NodeResponse): void
  /** Fastify: `app.get('/metrics', metricsHandler())`. */
  (request: RawRequest, reply: RawReply): void
}

export interface MetricsHandlerOptions {
  /**
   * The labels that a metric keeps, by its name without prefix (`tool_calls_total: ['tool', 'status']`); series that
   * differ in other labels only are merged. A metric that is not named keeps all. Default: none is named.
   */
  readonly labels?: ViewLabels
  /**
   * Whether durations are shown under OpenTelemetry's names as well, on every page of this process. Default: whether
   * `MCP_VITALS_OPENTELEMETRY_NAMES` is `true`.
   */
  readonly opentelemetry?: boolean
}

type Expose = (format: Format) => string

interface Page {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * The page of metrics of this process, to be served wherever the server's framework likes: Prometheus's text, or
 * OpenMetrics 1.0 for those who ask for it. It answers GET and HEAD, and others with 405. From its making on, what is
 * observed is counted. Whether a caller may see it is the server's to say. Throws RangeError where `labels` names a label
 * that its metric does not have.
 */
export function metricsHandler({ labels = {}, opentelemetry }: MetricsHandlerOptions = {}): MetricsHandler {
  const { expose } = processMetrics({ opentelemetry }).view(labels)
  return ((first: Request | HonoLike | NodeRequest | RawRequest, second?: NodeResponse | RawReply) => {
    if (isFetchRequest(first)) return fetched(expose, first)
    if (isHono(first)) return fetched(expose, first.req.raw)
    const request = rawOf<NodeRequest>(first as NodeRequest | RawRequest)
    const response = rawOf<NodeResponse>(second as NodeResponse | RawReply)
    // Fastify sends nothing more where its reply is hijacked.
    ;(second as { hijack?: () => void }).hijack?.()
    const { accept } = request.headers
    const { status, headers, body } = pageFor(
      expose,
      request.method ?? 'GET',
      typeof accept === 'string' ? accept : undefined,
    )
    response.statusCode = status
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    ;(response as { end(text?: string): void }).end(request.method === 'HEAD' ? undefined : body)
  }) as MetricsHandler
}

function fetched(expose: Expose, request: Request): Response {
  const { status, headers, body } = pageFor(expose, request.method, request.headers.get('accept'))
  return new Response(request.method === 'HEAD' ? null : body, { status, headers })
}

function pageFor(expose: Expose, method: string, accept: string | null | undefined): Page {
  if (method !== 'GET' && method !== 'HEAD')
    return {
      status: 405,
      headers: { allow: 'GET, HEAD', 'content-type': 'text/plain' },
      body: 'GET shows the metrics.\n',
    }
  const format = formatFor(accept)
  return {
    status: 200,
    headers: { 'content-type': CONTENT_TYPES[format], vary: 'accept' },
    body: expose(format),
  }
}
