import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { getRequestListener, type HttpBindings } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { vitalsError } from '../errors/index.js'
import { MAX_HEAD_BYTES } from '../http-client/index.js'
import { createAdminCheck, createGuard, type Guard, holderOf, type Refusal } from '../listen/index.js'
import { asksFront } from '../sources/http-proxy/index.js'
import { type Admission, type AdmissionOptions, type Caller, createAdmission, decoded, problem } from './admission.js'
import { ROUTES, type Route, type RouteName, UNLISTED } from './routes.js'
import { SECURE_HEADERS, secured } from './secured.js'
import { answerUnread, type OnUnread } from './unread.js'

type Env = { Bindings: HttpBindings }
/** A web-standard handler. */
export type Handler = (request: Request, caller: Caller) => Response | Promise<Response>
/** One for each route but the gateway's. */
export type Handlers = Readonly<Record<Exclude<RouteName, 'gateway' | `front${string}`>, Handler>>
/** The gateway's hot path: Node's own request and answer, untouched. */
export type GatewayHandler = (server: string, request: IncomingMessage, response: ServerResponse) => void

const GATEWAY_PATH = /^\/mcp\/([^/?#]+)(?=[/?#]|$)/

/** The name of the server that a request for the gateway asks for; undefined for any other address. */
export function serverIn(url: string, front?: string): string | undefined {
  if (asksFront(url)) return front
  const name = GATEWAY_PATH.exec(url)?.[1]
  return name === undefined ? undefined : decoded(name)
}

/**
 * How long a connection is kept between two requests: longer than the time between two scrapes, and than clients keep one, so
 * that no request is sent over a connection just as it ends.
 */
const KEEP_ALIVE_MS = 75_000

export interface HttpServerOptions {
  readonly handlers: Partial<Handlers>
  readonly gateway?: GatewayHandler
  /** The server that is reached without its name as well. Default: none. */
  readonly front?: () => string | undefined
  /** Default: the one that there is. */
  readonly table?: Readonly<Record<RouteName, Route>>
  /** Stands in for the table's path of metrics. */
  readonly metricsPath?: string
  /** Default: this machine alone. */
  readonly guard?: Guard
  /** Told of what could not be read as a request. Default: nobody. */
  readonly onUnread?: OnUnread
  /** Who is let in; what is absent lets nobody in: nobody is an administrator, and nothing is public. */
  readonly admission?: Partial<AdmissionOptions>
}

/** Composes an HTTP server: guard first, then the gateway, where there is one, then the routes of the handlers given. */
export function createHttpServer({
  handlers,
  gateway,
  front = () => undefined,
  table = ROUTES,
  metricsPath = table.metrics.path,
  guard = createGuard({ allowedHosts: [], allowedOrigins: [] }),
  onUnread = () => {},
  admission: given = {},
}: HttpServerOptions): Server {
  const routes: typeof table = { ...table, metrics: { ...table.metrics, path: metricsPath } }
  const admission = createAdmission({ ...NOBODY, ...given })
  const faces = getRequestListener(createRouter(handlers, routes, gateway !== undefined, admission).fetch)
  function refusalOf(request: IncomingMessage): keyof typeof REFUSED | undefined {
    if (hasSeveralHosts(request)) return 'several_hosts'
    const { host, origin } = request.headers
    const refusal = guard.refusalOf({ host, origin, localAddress: request.socket.localAddress })
    if (refusal || request.url?.startsWith('/') || request.url === '*') return refusal
    return takeAuthority(request) ? refusalOf(request) : 'bad_target'
  }

  const kept = { keepAlive: true, keepAliveTimeout: KEEP_ALIVE_MS }
  const server = createServer({ ...kept, maxHeaderSize: MAX_HEAD_BYTES }, (request, response) => {
    const refusal = refusalOf(request)
    if (refusal) return refuse(response, refusal)
    const name = gateway && serverIn(request.url ?? '', front())
    if (name !== undefined) gateway?.(name, request, response)
    else void faces(request, response)
  })
  // By number they have no limit beside that: headers beyond it would be left out without a word.
  server.maxHeadersCount = 0
  answerUnread(server, onUnread)
  return server
}

const NOBODY: AdmissionOptions = {
  isAdmin: createAdminCheck(undefined),
  isOwner: createAdminCheck(undefined),
  access: undefined,
  placeOf: (remote = 'unknown') => remote,
  heartbeatAccess: () => 'refused',
  isScrapeOpen: () => false,
  isStatusPublic: () => false,
  onRefused: () => {},
}

/**
 * The routes that there are handlers of. Who is let in is asked where a route was found, and nowhere before: an address can be
 * written in many ways, of which only the router knows what each leads to.
 */
function createRouter(
  handlers: Partial<Handlers>,
  routes: Readonly<Record<RouteName, Route>>,
  hasGateway: boolean,
  { callerOf, refusalOf }: Admission,
): Hono<Env> {
  const router = new Hono<Env>()
  const admitted = (route: Parameters<Admission['callerOf']>[1], handle: Handler) => async (context: Context<Env>) => {
    const { incoming } = context.env
    const caller = callerOf(incoming, route)
    const answer = refusalOf(incoming, route, caller, context.req.url) ?? (await handle(context.req.raw, caller))
    return secured(context.req.path, answer)
  }
  const served = hasGateway ? [routes.gateway.path] : []
  for (const [name, handle] of Object.entries(handlers) as [keyof Handlers, Handler][]) {
    const route = routes[name]
    const { method, path } = route
    served.unshift(path)
    router.on(method.split(', '), [path], admitted(route, handle))
    router.all(
      path,
      admitted(route, () => problem(405, `${path} takes ${method}.`, { allow: method })),
    )
  }
  router.notFound((context) =>
    admitted(UNLISTED, () => problem(404, `Nothing is served at ${context.req.path}. Served: ${served.join(', ')}`))(
      context,
    ),
  )
  router.onError((_, context) => secured(context.req.path, problem(500, 'This answer failed. The daemon goes on.')))
  return router
}

/** Starts listening, or throws PORT_IN_USE. Resolves to the port, which the system chose where `port` is 0. */
export async function listen(server: Server, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE' ? vitalsError('PORT_IN_USE', { host, port, holder: holderOf(port) }, error) : error,
      ),
    )
    server.listen(port, host, resolve)
  })
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : port
}

/** Throws PORT_IN_USE where somebody listens: asked before a start makes what it would leave behind. */
export async function refuseTaken(host: string, port: number): Promise<void> {
  if (port === 0) return
  const server = createServer()
  await listen(server, host, port)
  await new Promise((resolve) => {
    server.close(resolve)
    server.closeAllConnections()
  })
}

/**
 * A target may be a whole address, whose host then stands in the place of that in `Host` (RFC 9112, 3.2.2). False where
 * it is none, or has more than a host and a port.
 */
function takeAuthority(request: IncomingMessage): boolean {
  const [, authority, rest = ''] = /^https?:\/\/([^/?#@]+)((?:[/?].*)?)$/i.exec(request.url ?? '') ?? []
  if (authority === undefined) return false
  request.url = rest.startsWith('/') ? rest : `/${rest}`
  request.headers.host = authority
  const place = request.rawHeaders.findIndex((name, at) => at % 2 === 0 && name.toLowerCase() === 'host')
  if (place >= 0) request.rawHeaders[place + 1] = authority
  return true
}

/** RFC 9112, 3.2: of two names nobody can say which was meant. node:http takes the first; it refuses a request of HTTP/1.1 without any. */
function hasSeveralHosts({ rawHeaders }: IncomingMessage): boolean {
  let found = false
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!
    if (name.length !== 4 || name.toLowerCase() !== 'host') continue
    if (found) return true
    found = true
  }
  return false
}

const REFUSED: Readonly<Record<Refusal | 'several_hosts' | 'bad_target', readonly [status: number, message: string]>> =
  {
    bad_target: [
      400,
      'Bad Request: what the request asks for is neither a path nor an address with a host and a path.',
    ],
    several_hosts: [400, 'Bad Request: the request has more than one Host.'],
    foreign_host: [
      403,
      'Refused: the request’s Host is not this machine. A name of it goes into `listen.allowedHosts`.',
    ],
    foreign_origin: [
      403,
      'Refused: the request’s Origin is not this machine. A page that may call goes into `listen.allowedOrigins`.',
    ],
  }

function refuse(response: ServerResponse, refusal: keyof typeof REFUSED): void {
  const [status, message] = REFUSED[refusal]
  const body = JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32000, message } })
  response.writeHead(status, { 'content-type': 'application/json', ...SECURE_HEADERS }).end(body)
}
