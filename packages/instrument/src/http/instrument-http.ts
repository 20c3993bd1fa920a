import type { About } from '../hand/index.js'
import { Exchanges } from './exchange.js'
import { watchFetch } from './fetch-exchange.js'
import { watchNode } from './node-exchange.js'
import {
  type HonoLike,
  isFetchRequest,
  isHono,
  type NodeRequest,
  type NodeResponse,
  type RawReply,
  type RawRequest,
} from './shapes.js'

export interface HttpOptions extends Pick<About, 'server'> {
  /**
   * Paths that the server has, for `node:http` and web-standard handlers, where no framework tells the route. The usual
   * ones of MCP servers are known; any other becomes known once it is answered well.
   */
  readonly paths?: readonly string[]
}

/** A middleware for every framework that has one. */
export interface HttpMiddleware {
  /** Express, Connect: `app.use(instrumentHttp())`, before everything else. */
  (request: NodeRequest, response: NodeResponse, next: (error?: unknown) => void): void
  /** Hono: `app.use(instrumentHttp())`, before everything else. */
  (context: HonoLike, next: () => Promise<void>): Promise<void>
  /**
   * Fastify: `app.addHook('onRequest', instrumentHttp().hook)`. A form of its own, since Fastify's types take what may
   * give a promise for an asynchronous hook.
   */
  readonly hook: (request: RawRequest, reply: RawReply, done: () => void) => void
}

// biome-ignore lint/suspicious/noExplicitAny: whatever a handler takes, it takes the same when it is wrapped.
type Handler = (...given: any[]) => unknown

/**
 * Tells of each HTTP exchange of an MCP server: method, route, status, duration and sizes, also of those that the
 * transport refuses before a server sees them (400, 401, 404, 406). 401 and 403 are told as refusals as well, 429 and 413
 * as limits. Sizes are exact, and no body is held or read: bytes are counted as they pass. A request's size where neither
 * Node nor a `Content-Length` tells it is 0.
 *
 * Without a handler it gives a middleware; with one (`node:http` or web-standard) it gives that handler, watched.
 */
export function instrumentHttp(options?: HttpOptions): HttpMiddleware
export function instrumentHttp<H extends Handler>(handler: H, options?: HttpOptions): H
export function instrumentHttp(first: Handler | HttpOptions = {}, second: HttpOptions = {}): Handler {
  const isHandler = typeof first === 'function'
  const { paths = [], ...about } = isHandler ? second : first
  const exchanges = new Exchanges(about, paths)
  return isHandler ? wrapped(first, exchanges) : middleware(exchanges)
}

function wrapped(handler: Handler, exchanges: Exchanges): Handler {
  return function (this: unknown, ...given) {
    const [request, response] = given
    if (!isFetchRequest(request)) {
      watchNode(exchanges, request, response)
      return Reflect.apply(handler, this, given)
    }
    const watch = watchFetch(exchanges, request)
    if (!watch) return Reflect.apply(handler, this, given)
    return (async () => {
      try {
        return watch.answer((await Reflect.apply(handler, this, given)) as Response)
      } catch (error) {
        watch.failed()
        throw error
      }
    })()
  }
}

function middleware(exchanges: Exchanges): HttpMiddleware {
  const through: Handler = (first, second, next) => {
    if (isHono(first)) return throughHono(exchanges, first, second)
    watchNode(exchanges, first, second)
    next()
  }
  const hook: HttpMiddleware['hook'] = (request, reply, done) => {
    const { routeOptions } = request as { routeOptions?: { url?: string } }
    watchNode(exchanges, request.raw, reply.raw, () => routeOptions?.url)
    done()
  }
  return Object.assign(through, { hook }) as HttpMiddleware
}

async function throughHono(exchanges: Exchanges, context: HonoLike, next: () => Promise<void>): Promise<void> {
  const route = () => routeOf(context)
  const { incoming, outgoing } = (context.env ?? {}) as { incoming?: NodeRequest; outgoing?: NodeResponse }
  if (incoming && outgoing) {
    watchNode(exchanges, incoming, outgoing, route)
    return next()
  }
  const watch = watchFetch(exchanges, context.req.raw)
  try {
    await next()
  } catch (error) {
    watch?.failed()
    throw error
  }
  if (!watch) return
  const answer = watch.answer(context.res, route())
  if (answer !== context.res) context.res = answer
}

/** The pattern of the handler that ran last; a wildcard stands for no route. */
function routeOf({ req }: HonoLike): string | undefined {
  const { routePath } = req as { routePath?: string }
  return routePath === undefined || routePath.endsWith('*') ? undefined : routePath
}
