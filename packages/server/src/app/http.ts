import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { vitalsError } from '../errors/index.js'
import { holderOf, refusalOf } from '../listen/index.js'
import { ROUTES, type Route, type RouteName } from './routes.js'

/** A web-standard handler for each route but the gateway's. */
export type Handlers = Readonly<
  Record<Exclude<RouteName, 'gateway'>, (request: Request) => Response | Promise<Response>>
>
/** The gateway's hot path: Node's own request and answer, untouched. */
export type GatewayHandler = (server: string, request: IncomingMessage, response: ServerResponse) => void

const GATEWAY_PATH = /^\/mcp\/([^/?#]+)(?=[/?#]|$)/

/** The name of the server that a request for the gateway asks for; undefined for any other address. */
export function serverIn(url: string): string | undefined {
  const name = GATEWAY_PATH.exec(url)?.[1]
  return name === undefined ? undefined : decoded(name)
}

/**
 * Composes an HTTP server: guard first, then the gateway, where there is one, then the routes of the handlers given.
 * `metricsPath` stands in for the table's path of metrics.
 */
export function createHttpServer(
  handlers: Partial<Handlers>,
  gateway?: GatewayHandler,
  metricsPath: string = ROUTES.metrics.path,
): Server {
  const faces = getRequestListener(createRouter(handlers, metricsPath, gateway !== undefined).fetch)
  return createServer({ keepAlive: true }, (request, response) => {
    const refusal = refusalOf(request.headers)
    if (refusal) return refuse(response, refusal)
    const name = gateway && serverIn(request.url ?? '')
    if (name === undefined) void faces(request, response)
    else gateway?.(name, request, response)
  })
}

function createRouter(handlers: Partial<Handlers>, metricsPath: string, hasGateway: boolean): Hono {
  const router = new Hono()
  const served = hasGateway ? [ROUTES.gateway.path as string] : []
  for (const [name, handle] of Object.entries(handlers) as [keyof Handlers, Handlers[keyof Handlers]][]) {
    const route: Route = name === 'metrics' ? { ...ROUTES.metrics, path: metricsPath } : ROUTES[name]
    served.unshift(route.path)
    router.on(route.method, route.path, (context) => handle(context.req.raw))
    router.all(route.path, () => problem(405, `${route.path} takes ${route.method}.`, { allow: route.method }))
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

function refuse(response: ServerResponse, refusal: string): void {
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id: null,
    error: {
      code: -32000,
      message: `Refused: the request’s ${refusal === 'foreign_host' ? 'Host' : 'Origin'} is not this machine.`,
    },
  })
  response.writeHead(403, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(body)
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
