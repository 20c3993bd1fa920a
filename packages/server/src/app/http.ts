import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { vitalsError } from '../errors/index.js'
import { MAX_HEAD_BYTES } from '../http-client/index.js'
import {
  type AdminCheck,
  createAdminCheck,
  createGuard,
  type Guard,
  holderOf,
  isLoopback,
  type Refusal,
} from '../listen/index.js'
import { type Opener, ROUTES, type Route, type RouteName, UNLISTED } from './routes.js'

/** A web-standard handler for each route but the gateway's. */
export type Handlers = Readonly<
  Record<Exclude<RouteName, 'gateway'>, (request: Request) => Response | Promise<Response>>
>
/** The gateway's hot path: Node's own request and answer, untouched. */
export type GatewayHandler = (server: string, request: IncomingMessage, response: ServerResponse) => void

const GATEWAY_PATH = /^\/mcp\/([^/?#]+)(?=[/?#]|$)/

const HEARTBEAT_PATH = /^\/heartbeat\/([^/?#]+)/

/** The name of the server that a request for the gateway asks for; undefined for any other address. */
export function serverIn(url: string): string | undefined {
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
  /** Default: the one that there is. */
  readonly table?: Readonly<Record<RouteName, Route>>
  /** Stands in for the table's path of metrics. */
  readonly metricsPath?: string
  /** Default: this machine alone. */
  readonly guard?: Guard
  /** Default: nobody is an administrator, so callers elsewhere get nothing of the faces. */
  readonly isAdmin?: AdminCheck
  /** Default: nobody is the owner. */
  readonly isOwner?: AdminCheck
  /** What a caller needs at a heartbeat, by its name: shows its token (`token`), needs none (`open`). Default: nobody is let in. */
  readonly heartbeatAccess?: (name: string, authorization: string | undefined) => 'token' | 'open' | 'refused'
  /** Whether callers elsewhere read health and metrics without a token. */
  readonly isScrapeOpen?: () => boolean
  /** Whether callers elsewhere read the status page without a token. */
  readonly isStatusPublic?: () => boolean
  /** Told of each caller elsewhere who showed no admin token where one is asked for. */
  readonly onRefused?: (reason: 'missing' | 'unknown') => void
}

/** Composes an HTTP server: guard first, then the gateway, where there is one, then the routes of the handlers given. */
export function createHttpServer({
  handlers,
  gateway,
  table = ROUTES,
  metricsPath = table.metrics.path,
  guard = createGuard({ allowedHosts: [], allowedOrigins: [] }),
  isAdmin = createAdminCheck(undefined),
  isOwner = createAdminCheck(undefined),
  heartbeatAccess = () => 'refused',
  isScrapeOpen = () => false,
  isStatusPublic = () => false,
  onRefused = () => {},
}: HttpServerOptions): Server {
  const routes: typeof table = { ...table, metrics: { ...table.metrics, path: metricsPath } }
  const routeOf = createRouteFinder(routes)
  const isShown: Readonly<Record<Opener, (request: IncomingMessage) => boolean>> = {
    nothing: () => true,
    'nothing, with listen.openScrape': isScrapeOpen,
    'nothing, with status.public': isStatusPublic,
    'admin token': ({ headers }) => isAdmin(headers.authorization),
    'heartbeat token': (request) => accessOf(request) === 'token',
    'nothing, without a heartbeat token': (request) => accessOf(request) === 'open',
    'owner token': ({ headers }) => isOwner(headers.authorization),
    // They ask for their credentials themselves.
    'nothing, without doors.keys': () => true,
    'ingest token': () => true,
    key: () => true,
    signature: () => true,
  }

  function accessOf({ url = '', headers }: IncomingMessage) {
    const name = HEARTBEAT_PATH.exec(url)?.[1] ?? ''
    return heartbeatAccess(decoded(name), headers.authorization)
  }

  /** What lets this caller ask a face. */
  function openersOf(request: IncomingMessage): readonly Opener[] {
    const { here, elsewhere } = routeOf((request.url ?? '').split('?', 1)[0]!) ?? UNLISTED
    return isLoopback(request.socket.remoteAddress) ? here : elsewhere
  }

  const faces = getRequestListener(createRouter(handlers, routes, gateway !== undefined).fetch)
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
    const name = gateway && serverIn(request.url ?? '')
    if (name !== undefined) gateway?.(name, request, response)
    else if (openersOf(request).some((opener) => isShown[opener](request))) void faces(request, response)
    else {
      onRefused(request.headers.authorization === undefined ? 'missing' : 'unknown')
      askForToken(response, openersOf(request))
    }
  })
  // By number they have no limit beside that: headers beyond it would be left out without a word.
  server.maxHeadersCount = 0
  return server
}

/** The route of a path; `:name` in the table is any one part of it. */
function createRouteFinder(routes: Readonly<Record<RouteName, Route>>): (path: string) => Route | undefined {
  const all = Object.values(routes)
  const byPath = new Map(all.map((route) => [route.path, route]))
  const patterns = all
    .filter(({ path }) => path.includes('/:'))
    .map((route) => ({ route, pattern: new RegExp(`^${route.path.replace(/:\w+/g, '[^/]+')}$`) }))
  return (path) => byPath.get(path) ?? patterns.find(({ pattern }) => pattern.test(path))?.route
}

function createRouter(
  handlers: Partial<Handlers>,
  routes: Readonly<Record<RouteName, Route>>,
  hasGateway: boolean,
): Hono {
  const router = new Hono()
  const served = hasGateway ? [routes.gateway.path] : []
  for (const [name, handle] of Object.entries(handlers) as [keyof Handlers, Handlers[keyof Handlers]][]) {
    const { method, path } = routes[name]
    served.unshift(path)
    router.on(method.split(', '), [path], (context) => handle(context.req.raw))
    router.all(path, () => problem(405, `${path} takes ${method}.`, { allow: method }))
  }
  router.notFound((context) => problem(404, `Nothing is served at ${context.req.path}. Served: ${served.join(', ')}`))
  router.onError(() => problem(500, 'This answer failed. The daemon goes on.'))
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
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(body)
}

/** Where the tokens stand that a caller can show. */
const TOKENS: Partial<Readonly<Record<Opener, string>>> = {
  'owner token': 'what the state directory has in owner-token',
  'admin token': '<listen.adminToken> (MCP_VITALS_ADMIN_TOKEN)',
  'heartbeat token': 'the token of this heartbeat',
}

function askForToken(response: ServerResponse, openers: readonly Opener[]): void {
  const tokens = openers.flatMap((opener) => TOKENS[opener] ?? []).join(', or ')
  const body = JSON.stringify({ error: `This needs a token. Authorization: Bearer ${tokens}.` })
  const headers = {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'www-authenticate': 'Bearer realm="mcp-vitals", Basic realm="mcp-vitals"',
  }
  response.writeHead(401, headers).end(body)
}

function problem(status: number, message: string, headers: Record<string, string> = {}): Response {
  return Response.json({ error: message }, { status, headers })
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}
