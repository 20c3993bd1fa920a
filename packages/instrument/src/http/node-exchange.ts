import { quietly } from '../hand/index.js'
import type { Exchanges } from './exchange.js'
import type { NodeRequest, NodeResponse } from './shapes.js'

/** More of Node's request and answer than frameworks' types agree on. */
interface Incoming extends NodeRequest {
  readonly complete?: boolean
  readonly originalUrl?: string
  readonly baseUrl?: string
  readonly route?: { readonly path?: unknown }
  readonly readableLength?: number
  push(chunk: unknown, encoding?: unknown): boolean
}
interface Outgoing extends NodeResponse {
  /** The head as it was sent: what `writeHead` is given may stand nowhere else. */
  readonly _header?: string | null
  write(...given: unknown[]): boolean
  end(...given: unknown[]): unknown
  once(event: 'close', listener: () => void): unknown
}

interface Bytes {
  byteLength(text: string, encoding?: unknown): number
}
const { Buffer: bytes } = globalThis as unknown as { Buffer: Bytes }

const seen = new WeakSet<object>()

/**
 * Watches one exchange of `node:http`. Nothing is read, held or changed: chunks are counted on their way. `route` is
 * asked at the end, when the framework knows. An exchange that is watched already is left alone.
 */
export function watchNode(
  exchanges: Exchanges,
  request: NodeRequest,
  response: NodeResponse,
  route?: () => string | undefined,
): void {
  quietly(() => {
    if (seen.has(request)) return
    seen.add(request)
    watch(exchanges, request, response, route)
  })
}

function watch(
  exchanges: Exchanges,
  request: NodeRequest,
  response: NodeResponse,
  route: (() => string | undefined) | undefined,
): void {
  const incoming = request as Incoming
  const outgoing = response as Outgoing
  const { headers, method = 'GET' } = incoming
  const path = (incoming.originalUrl ?? incoming.url ?? '/').split('?', 1)[0]!
  const end = exchanges.begin({
    method,
    path,
    hasCredentials: headers.authorization !== undefined,
    listens: headers['mcp-method'] === 'subscriptions/listen',
  })
  const received = countPushes(incoming)
  const sent = countWrites(outgoing)
  outgoing.once('close', () => {
    const { statusCode, headersSent } = outgoing
    const hasNoBody = method === 'HEAD' || statusCode === 204 || statusCode === 304
    end({
      status: headersSent ? statusCode : undefined,
      route: route ? route() : routeOf(incoming),
      isStream: isStream(outgoing),
      requestBytes: Math.max(received(), declaredBytes(incoming)),
      responseBytes: hasNoBody ? 0 : sent(),
    })
  })
}

function isStream(outgoing: Outgoing): boolean {
  const type = outgoing.getHeader('content-type')
  return typeof type === 'string'
    ? /^text\/event-stream/i.test(type)
    : /^content-type: *text\/event-stream/im.test(outgoing._header ?? '')
}

/** Express's pattern for the request. */
function routeOf({ route, baseUrl = '' }: Incoming): string | undefined {
  return route?.path === undefined ? undefined : `${baseUrl}${String(route.path)}`
}

/** Of a request that came whole: what its header says is what came, whether or not anybody read it. */
function declaredBytes({ complete, headers }: Incoming): number {
  const declared = headers['content-length']
  return complete && typeof declared === 'string' && /^\d{1,15}$/.test(declared) ? Number(declared) : 0
}

function countPushes(incoming: Incoming): () => number {
  let count = incoming.readableLength ?? 0
  const { push } = incoming
  incoming.push = function (chunk, encoding) {
    count += lengthOf(chunk, encoding)
    return push.call(this, chunk, encoding)
  }
  return () => count
}

function countWrites(outgoing: Outgoing): () => number {
  let count = 0
  let depth = 0
  for (const name of ['write', 'end'] as const) {
    const original = outgoing[name] as (...given: unknown[]) => unknown
    outgoing[name] = function (this: Outgoing, ...given: unknown[]) {
      // One may call the other.
      if (depth === 0) count += lengthOf(given[0], given[1])
      depth++
      try {
        return original.apply(this, given)
      } finally {
        depth--
      }
    } as never
  }
  return () => count
}

function lengthOf(chunk: unknown, encoding: unknown): number {
  if (typeof chunk === 'string') return bytes.byteLength(chunk, typeof encoding === 'string' ? encoding : undefined)
  return chunk instanceof Uint8Array ? chunk.byteLength : 0
}
