import { subscribe } from 'node:diagnostics_channel'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { quietly, tell, text, thrownWord } from '../hand/index.js'
import { processMetrics } from '../metrics/index.js'
import { vitals } from '../vitals/index.js'

/**
 * Which calls are the provider's: an origin with or without the beginning of a path (`https://dust.tt/api`), a host
 * (`dust.tt`, `localhost:8080`), a pattern that the address fits, or a function that says so. The query is not shown to any.
 */
export type Match = string | RegExp | ((url: URL) => boolean)

export interface ProviderOptions {
  readonly match: Match | readonly Match[]
  /** Name of the MCP server that calls it. Default: the hub's. */
  readonly server?: string
  /** Whether an HTTP status is a failure. Default: 400 and above. */
  readonly isFailure?: (status: number) => boolean
  /** Whether `/ready` of the metrics server answers 503 while the newest call failed. Default false. */
  readonly required?: boolean
}

/** What the newest call of a provider tells. */
export interface ProviderState {
  /** `unknown` before the first call. */
  readonly status: 'ok' | 'down' | 'unknown'
  readonly required: boolean
  readonly latencyMs?: number
  /** Class or code of the error, or `http_` and the status. */
  readonly error?: string
}

export interface Provider {
  readonly name: string
  /** Readiness check. Asks nobody: the newest call tells. */
  check(): ProviderState
  /** Measures no further calls. */
  stop(): void
}

interface Watched extends Provider {
  readonly owns: (url: URL) => boolean
  ended(beganMs: number, status: number | undefined, error: unknown): void
}

/** A request of undici (which `fetch` is), as its channels show it. */
interface UndiciRequest {
  readonly origin?: string | URL
  readonly path?: string
}
interface Open {
  readonly provider: Watched
  readonly beganMs: number
}

/**
 * Measures the calls of this process to an outside API, and changes none: Node's own diagnostics channels tell of `fetch`,
 * undici, `node:http` and `node:https`. Each call ends with the head of its answer, or its failure; what is followed after
 * a redirect is a call of its own. The provider gets metrics of its own name (`dust_api`:
 * `mcp_dust_api_requests_total`, `…_request_duration_seconds`, `…_errors_total`). Of the address nothing is recorded.
 */
export function provider(name: string, options: ProviderOptions): Provider {
  const watched = createProvider(text(name), options)
  quietly(() => processMetrics().addProvider(watched.name))
  providers().add(watched)
  return watched
}

/** The providers that this process measures. */
export function providerStates(): Readonly<Record<string, ProviderState>> {
  return Object.fromEntries([...providers()].map((each) => [each.name, each.check()]))
}

function createProvider(name: string, options: ProviderOptions): Watched {
  const { match, server, isFailure = (status) => status >= 400, required = false } = options
  const matches = (Array.isArray(match) ? match : [match]) as readonly Match[]
  let newest: ProviderState = { status: 'unknown', required }
  const watched: Watched = {
    name,
    owns: (url) => matches.some((each) => fits(each, url)),
    check: () => newest,
    stop: () => void providers().delete(watched),
    ended(beganMs, status, error) {
      const durationMs = performance.now() - beganMs
      const ok = status !== undefined && !isFailure(status)
      const errorCode = ok ? undefined : status === undefined ? codeOf(error) : `http_${status}`
      newest = {
        status: ok ? 'ok' : 'down',
        required,
        latencyMs: durationMs,
        ...(errorCode === undefined ? {} : { error: errorCode }),
      }
      tell('provider', server === undefined ? {} : { server }, { provider: name, ok, durationMs, errorCode })
    },
  }
  return watched
}

/** The system's or undici's code says more than the class that carries it. */
function codeOf(error: unknown): string {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown }
  if (typeof code === 'string' && /^\w{1,64}$/.test(code)) return code
  return cause === undefined ? (error === undefined ? 'aborted' : thrownWord(error)) : codeOf(cause)
}

function fits(match: Match, url: URL): boolean {
  if (typeof match === 'function') return match(url)
  if (match instanceof RegExp) return new RegExp(match.source, match.flags.replace(/[gy]/g, '')).test(url.href)
  if (!/^https?:\/\//i.test(match)) return url.host === match.toLowerCase() || url.hostname === match.toLowerCase()
  const { origin, pathname } = new URL(match)
  const below = pathname.replace(/\/$/, '')
  return url.origin === origin && (url.pathname === below || url.pathname.startsWith(`${below}/`))
}

function providers(): Set<Watched> {
  return vitals().share('providers', () => {
    listen()
    return new Set<Watched>()
  })
}

function listen(): void {
  const open = new WeakMap<object, Open>()

  function begun(request: object, base: string, path: string): void {
    quietly(() => {
      const url = new URL(path.split(/[?#]/, 1)[0]!, base)
      for (const provider of providers())
        if (provider.owns(url)) {
          open.set(request, { provider, beganMs: performance.now() })
          return
        }
    })
  }

  function ended(request: object, status: number | undefined, error?: unknown): void {
    const found = open.get(request)
    if (!found) return
    open.delete(request)
    quietly(() => found.provider.ended(found.beganMs, status, error))
  }

  on<{ request: UndiciRequest }>('undici:request:create', ({ request }) =>
    begun(request, String(request.origin), request.path ?? '/'),
  )
  on<{ request: object; response: { statusCode: number } }>('undici:request:headers', ({ request, response }) =>
    ended(request, response.statusCode),
  )
  on<{ request: object; error: unknown }>('undici:request:error', ({ request, error }) =>
    ended(request, undefined, error),
  )
  on<{ request: ClientRequest }>('http.client.request.start', ({ request }) => {
    begun(request, `${request.protocol}//${request.getHeader('host') ?? request.host}`, request.path)
    // A listener of its errors would hold back the crash of a program that listens to none.
    if (open.has(request)) request.once('close', () => ended(request, undefined, request.errored ?? undefined))
  })
  on<{ request: ClientRequest; error: unknown }>('http.client.request.error', ({ request, error }) =>
    ended(request, undefined, error),
  )
  on<{ request: ClientRequest; response: IncomingMessage }>('http.client.response.finish', ({ request, response }) =>
    ended(request, response.statusCode),
  )
}

function on<M>(channel: string, hear: (message: M) => void): void {
  subscribe(channel, (message) => quietly(() => hear(message as M)))
}
