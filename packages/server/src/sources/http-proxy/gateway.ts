import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { createServerMemory, type ExtractionRules, type ServerMemory } from '@mcp-vitals/instrument/mcp'
import type { Publish, Source } from '@mcp-vitals/instrument/stream'
import type { ServerEntry } from '../../children/index.js'
import type { GatewayContext, GatewayCounters, Upstream } from './context.js'
import { beginExchange, type Exchange } from './exchange.js'
import { STOPPING } from './failures.js'
import { HttpUpstream } from './http-upstream.js'
import type { GatewayOptions } from './options.js'
import { CODES, FAULT, refuse } from './respond.js'
import { createSlots } from './slots.js'
import { StdioUpstream } from './stdio-upstream.js'

/** How often a stop looks whether a call is still in flight: its client may give it up without leaving. Milliseconds. */
const LOOK_MS = 50
/** How often idle sessions are looked for: a quarter of the shorter limit, at most this. Milliseconds. */
const MAX_SWEEP_MS = 60_000

export interface GatewayConfig {
  /** By name, as in the path `/mcp/<name>`. Disabled ones are not served. */
  readonly servers: Readonly<Record<string, ServerEntry>>
  readonly publish: Publish
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Monotonic milliseconds. */
  readonly clock: () => number
  readonly options: GatewayOptions
  /** What is read off the calls of a server beyond the allow-list; nothing where absent. */
  readonly rulesOf?: (server: string) => ExtractionRules | undefined
}

export interface GatewayStats extends Readonly<GatewayCounters> {
  /** Exchanges that are not answered to their end. */
  readonly inFlight: number
  readonly sessions: number
  /** Server processes that run, those that are ending included. */
  readonly processes: number
}

/** Streamable HTTP in front of every configured server. */
export interface Gateway extends Source {
  /**
   * Answers one request to `/mcp/<name>`, whatever its method. The caller has checked Host and Origin, and has read
   * nothing of the body. Never throws.
   */
  handle(name: string, req: IncomingMessage, res: ServerResponse): void
  stats(): GatewayStats
  /**
   * The last 4 kB that the newest ended process of a stdio server wrote on its standard error; empty where there is none.
   * For the person who runs the daemon: it may hold anything, so it goes into no event, log or answer.
   */
  lastWords(name: string): string
}

/** Builds the gateway; no process and no connection before the first request. */
export function createGateway(config: GatewayConfig): Gateway {
  return new HttpGateway(config)
}

class HttpGateway implements Gateway {
  readonly name = 'http-proxy'
  readonly #context: GatewayContext
  readonly #upstreams = new Map<string, Upstream>()
  readonly #memories: ServerMemory[] = []
  readonly #lastWords = new Map<string, { text: string }>()
  readonly #open = new Set<Exchange>()
  #sweeping: NodeJS.Timeout | undefined
  #stopping: Promise<void> | undefined

  constructor({ servers, rulesOf, ...config }: GatewayConfig) {
    const counters = { junkLines: 0, undelivered: 0, observerFaults: 0 }
    this.#context = {
      ...config,
      publish: guarded(config.publish, counters),
      slots: createSlots({
        limit: config.options.maxChildren,
        reclaimIdleMs: config.options.reclaimIdleMs,
        tenants: () => [...this.#upstreams.values()].flatMap((upstream) => upstream.tenants()),
      }),
      running: new Set(),
      counters,
    }
    for (const [server, entry] of Object.entries(servers)) {
      if (entry.disabled) continue
      const memory = createServerMemory({}, rulesOf?.(server))
      this.#memories.push(memory)
      const lastWords = { text: '' }
      this.#lastWords.set(server, lastWords)
      const context = { ...this.#context, server, memory, lastWords }
      this.#upstreams.set(server, 'url' in entry ? new HttpUpstream(entry, context) : new StdioUpstream(entry, context))
    }
  }

  async start(): Promise<void> {
    const { sessionIdleMs, httpSessionIdleMs } = this.#context.options
    const everyMs = Math.min(MAX_SWEEP_MS, Math.ceil(Math.min(sessionIdleMs, httpSessionIdleMs) / 4))
    this.#sweeping = setInterval(() => {
      for (const upstream of this.#upstreams.values()) upstream.sweep()
      for (const memory of this.#memories) memory.sweep(this.#context.clock())
    }, everyMs)
    this.#sweeping.unref()
  }

  handle(name: string, req: IncomingMessage, res: ServerResponse): void {
    const upstream = this.#upstreams.get(name)
    const exchange = beginExchange(req, res, {
      ...this.#context,
      server: upstream && name,
    })
    this.#open.add(exchange)
    res.once('close', () => this.#open.delete(exchange))
    res.on('error', () => {})
    req.on('error', () => {})
    if (this.#stopping) {
      refuse(exchange, STOPPING)
      return
    }
    if (!upstream) {
      refuse(exchange, unknown(name, [...this.#upstreams.keys()]))
      return
    }
    try {
      upstream.handle(exchange, suffixOf(req.url ?? ''))
    } catch {
      refuse(exchange, FAULT)
    }
  }

  stats(): GatewayStats {
    let sessions = 0
    for (const upstream of this.#upstreams.values()) sessions += upstream.sessions
    return { ...this.#context.counters, inFlight: this.#open.size, sessions, processes: this.#context.slots.used }
  }

  lastWords(name: string): string {
    return this.#lastWords.get(name)?.text ?? ''
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    clearInterval(this.#sweeping)
    await this.#quiet(this.#context.options.stopGraceMs)
    this.#context.slots.close()
    await Promise.all([...this.#upstreams.values()].map((upstream) => upstream.stop()))
    await Promise.all([...this.#context.running].map((process) => process.end()))
    await Promise.all([...this.#open].map(({ res }) => cut(res)))
    for (const memory of this.#memories) memory.close('cancelled')
  }

  /**
   * Resolves when no call is in flight, or after `timeoutMs`. Streams that have no end are not waited for, nor is what
   * was cancelled or answered already.
   */
  async #quiet(timeoutMs: number): Promise<void> {
    const deadline = this.#context.clock() + timeoutMs
    const isBusy = () => [...this.#open].some(({ endless, isAwaited }) => !endless && (isAwaited?.() ?? true))
    while (isBusy() && this.#context.clock() < deadline) await delay(LOOK_MS)
  }
}

/** Closes a connection; resolves when everybody who listens has heard of it. */
function cut(res: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    if (res.closed) resolve()
    else res.once('close', resolve).destroy()
  })
}

/** `publish` promises not to throw; a call must not fail where that promise is broken. */
function guarded(publish: Publish, counters: GatewayCounters): Publish {
  return (event, entrance) => {
    try {
      publish(event, entrance)
    } catch {
      counters.observerFaults++
    }
  }
}

/** What a client added behind `/mcp/<name>`: path suffix and query. */
function suffixOf(url: string): string {
  return /^\/mcp\/[^/?#]+([/?].*)?$/.exec(url)?.[1] ?? ''
}

function unknown(name: string, known: readonly string[]) {
  return {
    status: 404,
    code: CODES.transport,
    message: `There is no server ${name} here. Servers: ${known.join(', ') || 'none'}.`,
  }
}
