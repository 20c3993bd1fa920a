import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type MetricsHandlerOptions, metricsHandler } from '../http/index.js'
import { serverName, vitals } from '../vitals/index.js'
import { DEFAULT_METRICS_HOST, DEFAULT_METRICS_PORT, MAX_CONNECTIONS, RETRY_MS } from './options.js'
import { providerStates } from './provider.js'
import { measureProcess } from './readings.js'
import { statusPage } from './status-page.js'
import { VERSION } from './version.js'

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/

export interface MetricsServerOptions extends MetricsHandlerOptions {
  /** Port; 0 lets the system choose. `METRICS_PORT` goes before it. Default 9090. */
  readonly port?: number
  /** Address to listen at. Default `127.0.0.1`: this machine alone. */
  readonly host?: string
  /** Hears, in one sentence, why it cannot listen. Default: a line on stderr. */
  readonly onProblem?: (problem: string) => void
}

export interface MetricsServer {
  /** Where it listens; undefined while it does not. */
  readonly url: string | undefined
  /** Resolves to where it listens, the first time that it does. */
  readonly ready: Promise<string>
  /** Ends it and frees the port. Idempotent. */
  close(): Promise<void>
}

/**
 * Serves `/metrics`, `/health`, `/health/ready` (and `/ready`) and a status page at `/` beside any server. It never throws
 * and never keeps the process alive; it is started again when it dies, and waits for a port that is taken. The same
 * address a second time gives the same server.
 */
export function startMetricsServer(options: MetricsServerOptions = {}): MetricsServer {
  const { host = DEFAULT_METRICS_HOST, onProblem = onStderr } = options
  const port = portOf(options.port ?? DEFAULT_METRICS_PORT, onProblem)
  const started = vitals().share('metrics-servers', () => new Map<string, LastingServer>())
  const key = `${host} ${port}`
  const known = started.get(key)
  if (known && port !== 0) return known
  const made = new LastingServer(host, port, pages(host, options), onProblem, () => started.delete(key))
  measureProcess()
  started.set(key, made)
  made.listen()
  return made
}

/** A server that lives until it is closed. */
class LastingServer implements MetricsServer {
  readonly ready: Promise<string>
  #onReady: (url: string) => void = () => {}
  #server: Server | undefined
  #retry: NodeJS.Timeout | undefined
  #failures = 0
  #closed = false

  constructor(
    readonly host: string,
    /** The one wished for, then the one that the system chose. */
    private port: number,
    private readonly listener: RequestListener,
    private readonly onProblem: (problem: string) => void,
    private readonly onClosed: () => void,
  ) {
    this.ready = new Promise((resolve) => {
      this.#onReady = resolve
    })
  }

  get url(): string | undefined {
    const address = this.#server?.address() as AddressInfo | null | undefined
    if (!address) return undefined
    return `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`
  }

  listen(): void {
    const server = createServer(this.listener)
    server.maxConnections = MAX_CONNECTIONS
    let isOver = false
    const over = (error?: NodeJS.ErrnoException) => {
      if (isOver) return
      isOver = true
      this.#died(server, error)
    }
    server.on('error', over)
    server.on('close', () => over())
    // Neither the server nor who is connected to it keeps the process alive.
    server.on('connection', (socket) => socket.unref())
    server.on('listening', () => {
      this.#failures = 0
      this.port = (server.address() as AddressInfo).port
      this.#onReady(this.url!)
    })
    this.#server = server
    server.listen(this.port, this.host)
    server.unref()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    clearTimeout(this.#retry)
    this.onClosed()
    const server = this.#server
    if (!server?.listening) return
    await new Promise((resolve) => {
      server.close(resolve)
      server.closeAllConnections()
    })
  }

  #died(server: Server, error: NodeJS.ErrnoException | undefined): void {
    if (this.#closed) return
    server.closeAllConnections()
    if (server.listening) server.close()
    if (error && this.#failures === 0) this.onProblem(this.#because(error))
    const delayMs = Math.min(RETRY_MS.longest, RETRY_MS.first * 2 ** Math.min(this.#failures++, 10))
    this.#retry = setTimeout(() => this.listen(), delayMs).unref()
  }

  #because(error: NodeJS.ErrnoException): string {
    const why = error.code === 'EADDRINUSE' ? 'another program listens there' : (error.code ?? error.name)
    const other = this.port < 65_535 ? this.port + 1 : DEFAULT_METRICS_PORT
    return `the metrics server cannot listen on ${this.host}:${this.port}: ${why}. It tries again by itself; METRICS_PORT=${other} chooses another port.`
  }
}

function pages(host: string, options: MetricsHandlerOptions): RequestListener {
  const metrics = metricsHandler(options)
  return (request, response) => {
    try {
      answer(request, response)
    } catch {
      // Nothing of ours reaches the program, as an exception would here.
      vitals().stats.faults++
      if (!response.headersSent) response.writeHead(500)
      response.end()
    }
  }

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const path = (request.url ?? '/').split('?', 1)[0]
    const { method } = request
    // A page of the web may be sent here under a name of its own; it finds nothing.
    if (LOOPBACK.test(host) && !LOOPBACK.test(hostOf(request))) send(response, 403, 'text/plain', 'Ask by localhost.\n')
    else if (path === '/metrics') metrics(request, response)
    else if (method !== 'GET' && method !== 'HEAD') send(response, 405, 'text/plain', 'GET shows the pages.\n')
    else if (path === '/health') send(response, 200, 'application/json', JSON.stringify(health()))
    else if (path === '/health/ready' || path === '/ready') ready(response)
    else if (path === '/') send(response, 200, 'text/html; charset=utf-8', statusPage(providerStates()))
    else send(response, 404, 'text/plain', 'Served: /metrics, /health, /health/ready, /ready, /\n')
  }
}

function hostOf({ headers }: IncomingMessage): string {
  return (headers.host ?? '').replace(/:\d*$/, '')
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'",
    'x-content-type-options': 'nosniff',
  })
  response.end(response.req.method === 'HEAD' ? undefined : body)
}

function health() {
  const about = { status: 'ok', server: serverName(), version: VERSION, uptime: process.uptime() }
  const checks = providerStates()
  return Object.keys(checks).length > 0 ? { ...about, checks } : about
}

function ready(response: ServerResponse): void {
  const checks = providerStates()
  const isReady = Object.values(checks).every(({ required, status }) => !required || status !== 'down')
  const body = JSON.stringify({ status: isReady ? 'ready' : 'not_ready', checks })
  send(response, isReady ? 200 : 503, 'application/json', body)
}

function portOf(port: number, onProblem: (problem: string) => void): number {
  const wanted = process.env.METRICS_PORT
  if (!wanted) return port
  if (/^\d{1,5}$/.test(wanted) && Number(wanted) < 65_536) return Number(wanted)
  onProblem(`METRICS_PORT=${wanted} is no port (such as 9091): ${port} is used instead.`)
  return port
}

function onStderr(problem: string): void {
  process.stderr.write(`mcp-vitals: ${problem}\n`)
}
