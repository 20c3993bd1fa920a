import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { createServerMemory, type ExtractionRules } from '@mcp-vitals/instrument/mcp'
import type { Publish, Source } from '@mcp-vitals/instrument/stream'
import type { ChildRecords } from '../../children/index.js'
import { createSessionAgents, type SessionAgents } from './agents.js'
import {
  type GatewayContext,
  type GatewayCounters,
  guarded,
  type Host,
  type HostedEntry,
  type ServedEntry,
  type ServerLoad,
} from './context.js'
import type { Door } from './door.js'
import { Doorway, takeKeys } from './doorway.js'
import { beginExchange, type Exchange } from './exchange.js'
import { STOPPING } from './failures.js'
import { Looks } from './looks.js'
import { type OpenExchange, OpenExchanges } from './open-exchanges.js'
import type { GatewayOptions } from './options.js'
import { sessionOf, suffixOf } from './paths.js'
import { CODES, cut, FAULT, refuse } from './respond.js'
import { hostedSlots, type Served, upstreamOf } from './served.js'
import { createSlots } from './slots.js'

/** How often a stop looks whether a call is still in flight: its client may give it up without leaving. Milliseconds. */
const LOOK_MS = 50
/** How often idle sessions are looked for: a quarter of the shorter limit, at most this. Milliseconds. */
const MAX_SWEEP_MS = 60_000

/** What may change while the gateway runs. */
export interface GatewaySetting {
  /** By name, as in the path `/mcp/<name>`. Disabled ones are not served. */
  readonly servers: Readonly<Record<string, ServedEntry>>
  readonly options: GatewayOptions
}

export interface GatewayConfig extends GatewaySetting {
  readonly publish: Publish
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Monotonic milliseconds. */
  readonly clock: () => number
  /** What is read off the calls of a server beyond the allow-list; nothing where absent. */
  readonly rulesOf?: (server: string) => ExtractionRules | undefined
  /** The door of a server, or of a path that names none; where there is none, every request passes as it is, but for a key. */
  readonly doorOf?: (server: string | undefined) => Door | undefined
  /** Makes what hosts a server in this process; where absent there is none such. */
  readonly openHost?: (server: string, entry: HostedEntry, publish: Publish) => Host
  /** Where process groups are remembered, for the next daemon to end what this one could not; nowhere where absent. */
  readonly records?: ChildRecords
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
  /**
   * Takes another setting while it runs. A server whose entry is the same keeps its sessions and processes. One that
   * is gone or another gets no new requests any more, its calls in flight may finish for `stopGraceMs`, then it is
   * ended; its new entry is served at once. Resolves when what is gone has ended.
   */
  change(setting: GatewaySetting): Promise<void>
  /**
   * Ends one stdio server, as if its entry were another now: its calls in flight may finish for `stopGraceMs`, and the
   * next request is answered by a process that is started for it. Resolves when what ran has ended; false: there is no
   * stdio server of the name.
   */
  restart(name: string): Promise<boolean>
  /**
   * Whether a process that runs of a stdio server answers anything within `timeoutMs`, asked beside its clients. Undefined:
   * none runs that has no call in flight. Starts nothing.
   */
  answers(name: string, timeoutMs: number): Promise<boolean | undefined>
  /** Cuts what is open of those who may no longer go on with it. Else it is looked for now and then. */
  recheck(): void
  stats(): GatewayStats
  /** Looks at all that has passed, which else may wait for some milliseconds: for readers of what was published. */
  settle(): void
  /** Resolves when no call over these connections is in flight, or after `stopGraceMs`. */
  quiet(isOf: (socket: Socket) => boolean): Promise<void>
  /** By server. Reads /proc where a process group outlives its leader: for collections, not for calls. */
  loads(): ReadonlyMap<string, Readonly<ServerLoad>>
  /**
   * The last 4 kB that the newest ended process of a stdio server wrote on its standard error; empty where there is none.
   * For the person who runs the daemon: it may hold anything, so it goes into no event, log or answer.
   */
  lastWords(name: string): string
  /** SIGKILL to every process group, at once: for a process that may not wait. */
  kill(): void
}

/** Builds the gateway; no process and no connection before the first request. */
export function createGateway(config: GatewayConfig): Gateway {
  return new HttpGateway(config)
}

class HttpGateway implements Gateway {
  readonly name = 'http-proxy'
  readonly #context: GatewayContext
  /** The one that the context shows, which `change` writes. */
  readonly #options: { -readonly [K in keyof GatewayOptions]: GatewayOptions[K] }
  readonly #rulesOf: NonNullable<GatewayConfig['rulesOf']>
  readonly #doorOf: NonNullable<GatewayConfig['doorOf']>
  readonly #openHost: GatewayConfig['openHost']
  readonly #agents: SessionAgents
  readonly #looks: Looks
  /** Takes what asks for a server that is not there, so that a stranger learns no more of it than of one that is. */
  readonly #nowhere: Doorway
  readonly #served = new Map<string, Served>()
  readonly #retiring = new Set<Served>()
  readonly #open = new OpenExchanges<Served | undefined>()
  #sweeping: NodeJS.Timeout | undefined
  #stopping: Promise<void> | undefined

  constructor(needs: GatewayConfig) {
    const { servers, options, rulesOf = () => undefined, doorOf = () => undefined, openHost, ...config } = needs
    const counters = { junkLines: 0, undelivered: 0, observerFaults: 0, evictedSessions: 0, cutRequests: 0 }
    const current = { ...options }
    this.#options = current
    this.#rulesOf = rulesOf
    this.#doorOf = doorOf
    this.#openHost = openHost
    this.#agents = createSessionAgents(guarded(config.publish, counters))
    const { now, clock } = config
    this.#looks = new Looks({ now, clock, onFault: () => counters.observerFaults++ })
    this.#context = {
      ...config,
      now: this.#looks.now,
      clock: this.#looks.clock,
      looks: this.#looks,
      options: current,
      publish: this.#agents.publish,
      slots: createSlots({
        get limit() {
          return current.maxChildren
        },
        get reclaimIdleMs() {
          return current.reclaimIdleMs
        },
        tenants: () => [...this.#served.values()].flatMap(({ upstream }) => upstream.tenants()),
      }),
      running: new Set(),
      groups: new Set(),
      counters,
    }
    this.#nowhere = new Doorway({
      maxBodyBytes: () => current.maxBodyBytes,
      onward: (exchange) => refuse(exchange, unknown([...this.#served.keys()], exchange)),
    })
    for (const [name, entry] of Object.entries(servers)) if (!entry.disabled) this.#serve(name, entry)
  }

  async start(): Promise<void> {
    const { sessionIdleMs, httpSessionIdleMs } = this.#options
    const everyMs = Math.min(MAX_SWEEP_MS, Math.ceil(Math.min(sessionIdleMs, httpSessionIdleMs) / 4))
    clearInterval(this.#sweeping)
    this.#sweeping = setInterval(() => this.#sweep(), everyMs)
    this.#sweeping.unref()
  }

  handle(name: string, req: IncomingMessage, res: ServerResponse): void {
    const served = this.#drained(name, req) ?? this.#served.get(name)
    const exchange = beginExchange({
      req,
      res,
      server: served && name,
      context: this.#context,
      onSession: this.#agents.note,
    })
    const open = this.#open.add(exchange, served)
    res.once('close', () => this.#open.remove(open))
    res.on('error', () => {})
    req.on('error', () => {})
    if (this.#stopping && !served?.upstream.holds(sessionOf(req))) {
      refuse(exchange, STOPPING)
      return
    }
    try {
      // Asked for each time, as doors are set while the gateway runs.
      const door = this.#doorOf(served?.name)
      if (door) (served?.doorway ?? this.#nowhere).handle(exchange, door)
      else if (served) {
        // A client has one key for all servers: one that asks for none shall not learn it.
        takeKeys(req)
        served.upstream.handle(exchange, suffixOf(req.url ?? ''))
      } else refuse(exchange, unknown([...this.#served.keys()], exchange))
    } catch {
      refuse(exchange, FAULT)
    }
  }

  async change({ servers, options }: GatewaySetting): Promise<void> {
    if (this.#stopping) return
    Object.assign(this.#options, options)
    await this.start()
    const gone = [...this.#served.values()].filter(
      ({ name, entry }) => !Object.hasOwn(servers, name) || !isDeepStrictEqual(servers[name], entry),
    )
    for (const served of gone) this.#retire(served)
    for (const [name, entry] of Object.entries(servers))
      if (!entry.disabled && !this.#served.has(name)) this.#serve(name, entry)
    await Promise.all(gone.map((served) => this.#end(served)))
  }

  async restart(name: string): Promise<boolean> {
    const served = this.#served.get(name)
    if (this.#stopping || served === undefined || 'url' in served.entry) return false
    this.#retire(served)
    this.#serve(name, served.entry)
    await this.#end(served)
    return true
  }

  async answers(name: string, timeoutMs: number): Promise<boolean | undefined> {
    return this.#served.get(name)?.upstream.answers?.(timeoutMs)
  }

  settle(): void {
    this.#looks.settle()
  }

  recheck(): void {
    for (const { exchange } of [...this.#open]) {
      if (exchange.pass?.holds() ?? true) continue
      this.#context.counters.cutRequests++
      exchange.res.destroy()
    }
  }

  stats(): GatewayStats {
    this.#looks.settle()
    let sessions = 0
    for (const { upstream } of this.#all()) sessions += upstream.sessions
    return { ...this.#context.counters, inFlight: this.#open.size, sessions, processes: this.#context.slots.used }
  }

  quiet(isOf: (socket: Socket) => boolean): Promise<void> {
    return this.#quiet(({ exchange }) => isOf(exchange.req.socket))
  }

  loads(): ReadonlyMap<string, ServerLoad> {
    this.#looks.settle()
    const loads = new Map<string, ServerLoad>()
    const of = (server: string): ServerLoad => {
      const load = loads.get(server) ?? { sessions: 0, children: 0, orphans: 0 }
      loads.set(server, load)
      return load
    }
    for (const { name, upstream } of this.#all()) of(name).sessions += upstream.sessions
    for (const { owner, isProcess } of this.#context.running) if (isProcess) of(owner.server).children++
    for (const { server, child } of this.#context.groups) of(server).orphans += child.orphans()
    return loads
  }

  lastWords(name: string): string {
    return this.#served.get(name)?.lastWords.text ?? ''
  }

  kill(): void {
    for (const { child } of this.#context.groups) child.kill('SIGKILL')
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  #serve(name: string, entry: ServedEntry): void {
    const memory = createServerMemory({}, this.#rulesOf(name))
    const lastWords = { text: '' }
    const host = 'plugins' in entry ? this.#openHost?.(name, entry, this.#context.publish) : undefined
    const slots = host ? hostedSlots(this.#options, () => upstream.tenants()) : this.#context.slots
    const context = { ...this.#context, slots, server: name, memory, lastWords, crashes: { unreplaced: 0 } }
    const upstream = upstreamOf(entry, host, context)
    const onward = (exchange: Exchange) => upstream.handle(exchange, suffixOf(exchange.req.url ?? ''))
    const doorway = new Doorway({
      maxBodyBytes: () => this.#options.maxBodyBytes,
      takesBearer: host !== undefined,
      onward,
    })
    this.#served.set(name, { name, entry, upstream, host, context, memory, lastWords, doorway })
  }

  /** Takes nothing new for it from now on. */
  #retire(served: Served): void {
    this.#served.delete(served.name)
    this.#retiring.add(served)
    served.upstream.retire()
  }

  /** A server that is on its way out, where the request is part of a session that it still has. */
  #drained(name: string, req: IncomingMessage): Served | undefined {
    if (this.#retiring.size === 0) return undefined
    const session = sessionOf(req)
    return [...this.#retiring].find((served) => served.name === name && served.upstream.holds(session))
  }

  #all(): readonly Served[] {
    return [...this.#served.values(), ...this.#retiring]
  }

  #sweep(): void {
    this.#looks.settle()
    this.recheck()
    for (const { upstream, memory } of this.#all()) {
      upstream.sweep()
      memory.sweep(this.#context.clock())
    }
    // What SIGKILL could not end at first (a process deep in the kernel) is looked at again.
    for (const group of this.#context.groups)
      if (group.isCleared && group.child.orphans() === 0) group.forget()
      else if (group.isCleared) group.child.kill('SIGKILL')
  }

  /** Ends one server that is served no more, once its calls are over. */
  async #end(served: Served): Promise<void> {
    await this.#quiet(({ owner }) => owner === served)
    this.#looks.settle()
    await served.upstream.stop()
    await served.host?.stop()
    // Also of sessions that were given up before: what a process tells when it ends is told of a server that still is.
    const processes = [...this.#context.running].filter(({ owner }) => owner === served.context)
    await Promise.all(processes.map((process) => process.end()))
    await Promise.all([...this.#open].filter(({ owner }) => owner === served).map(({ exchange }) => cut(exchange.res)))
    this.#looks.settle()
    served.memory.close('cancelled')
    this.#retiring.delete(served)
  }

  async #stop(): Promise<void> {
    clearInterval(this.#sweeping)
    // What a call in flight waits for from its client still passes: an answer to a question, or a cancellation.
    for (const { upstream } of this.#all()) upstream.retire()
    await this.#quiet(() => true)
    const { slots, running, groups } = this.#context
    slots.close()
    this.#looks.settle()
    await Promise.all(this.#all().map(({ upstream }) => upstream.stop()))
    await Promise.all(this.#all().map(({ host }) => host?.stop()))
    await Promise.all([...running].map((process) => process.end()))
    await Promise.all([...groups].map(({ child }) => child.cleared))
    await Promise.all([...this.#open].map(({ exchange }) => cut(exchange.res)))
    this.#looks.stop()
    for (const { memory } of this.#all()) memory.close('cancelled')
  }

  /**
   * Resolves when none of these calls is in flight, or after `stopGraceMs`. Streams that have no end are not waited
   * for, nor is what was cancelled or answered already.
   */
  async #quiet(counts: (open: OpenExchange<Served | undefined>) => boolean): Promise<void> {
    const deadline = this.#context.clock() + this.#options.stopGraceMs
    const isBusy = () => {
      this.#looks.settle()
      return [...this.#open].some(
        (open) => counts(open) && (open.exchange.awaiting?.isAwaited ?? !open.exchange.endless),
      )
    }
    while (isBusy() && this.#context.clock() < deadline) await delay(LOOK_MS)
  }
}

/** Names of servers are for the machine's own user: where keys are asked for, one may open some of them alone. */
function unknown(known: readonly string[], { holder }: Exchange) {
  const names = holder === undefined ? ` Servers: ${known.join(', ') || 'none'}.` : ''
  return { status: 404, code: CODES.transport, message: `There is no server of this name here.${names}` }
}
