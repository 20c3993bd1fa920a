import type { Readable, Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { event, type Origin } from '@mcp-vitals/instrument/event'
import {
  type Conversation,
  createConversation,
  createServerMemory,
  type ExtractionRules,
} from '@mcp-vitals/instrument/mcp'
import type { Publish, Source } from '@mcp-vitals/instrument/stream'
import { type Child, type ChildExit, guardGroup, startChild } from '../../children/index.js'
import { PROXY_TIMES, type ProxyTimes } from './options.js'
import { type Pump, pump } from './pump.js'
import { Tape } from './tape.js'

/** How often requests that nobody will answer any more are looked for. Milliseconds. */
const SWEEP_MS = 60_000

/** A server process that is started. */
export interface StartedServer {
  readonly command: string
  readonly args: readonly string[]
  /** The whole environment of the server. */
  readonly env: Readonly<NodeJS.ProcessEnv>
  /** Default: this process’s. */
  readonly cwd?: string
  /** Default `inherit`: the server writes to this process’s own, unseen. */
  readonly stderr?: 'inherit' | 'ignore'
}

/** A server within this process, which looks like one of its own. */
export interface OpenedServer {
  readonly open: () => Child
}

export type StdioProxyOptions = (StartedServer | OpenedServer) & ClientSide

export interface ClientSide {
  /** Name of the server in events. */
  readonly name: string
  /** Pseudonymous id of this connection, at most 64 characters. */
  readonly session: string
  /** From the client. */
  readonly stdin: Readable
  /** To the client. Its writes must not block the loop. */
  readonly stdout: Writable
  readonly publish: Publish
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Monotonic, milliseconds. */
  readonly clock: () => number
  /** Whether the process that started this one runs still. Asked only after the input ended. */
  readonly hasClient?: () => boolean
  readonly times?: Partial<ProxyTimes>
  /** What is read off its calls beyond the allow-list; nothing where absent. */
  readonly rules?: ExtractionRules | undefined
}

export interface StdioProxy extends Source {
  /** Of the server; absent before its start, and where it never started. */
  readonly pid: number | undefined
  /** Resolves when the server exited and its last output went to the client; never rejects. */
  readonly exited: Promise<ChildExit>
  /** Hands a signal on to the server, whose end is then no crash. */
  signal(signal: NodeJS.Signals): void
  /** Faults of the observer, swallowed: bytes go on all the same. */
  readonly observerFaults: number
}

/** Stands between one stdio client and one stdio server: bytes go on first, unchanged, and are read afterwards. */
export function createStdioProxy(options: StdioProxyOptions): StdioProxy {
  return new ObservingProxy(options)
}

class ObservingProxy implements StdioProxy {
  readonly name = 'stdio-proxy'
  readonly exited: Promise<ChildExit>
  readonly #options: StdioProxyOptions
  readonly #times: ProxyTimes
  readonly #origin: Origin
  readonly #tape: Tape
  #resolveExited: (exit: ChildExit) => void = () => {}
  #child: Child | undefined
  #input: Pump | undefined
  #output: Pump | undefined
  #conversation: Conversation | undefined
  #startedAt = 0
  #clientLeft = false
  /** Somebody asked the server to end, so its end is no crash. */
  #unwanted = false
  #over = false
  #stopped = false
  #sweeper: NodeJS.Timeout | undefined
  #unguard: (() => void) | undefined
  #observerFaults = 0

  constructor(options: StdioProxyOptions) {
    this.#options = options
    this.#times = { ...PROXY_TIMES, ...options.times }
    this.#origin = { server: options.name, session: options.session, transport: 'stdio' }
    const { now, clock } = options
    this.#tape = new Tape({ now, clock, onFault: () => void this.#observerFaults++ })
    this.exited = new Promise((resolve) => {
      this.#resolveExited = resolve
    })
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  get observerFaults(): number {
    return this.#observerFaults
  }

  async start(): Promise<void> {
    if (this.#child) return
    const { clock } = this.#options
    this.#startedAt = clock()
    this.#child = 'open' in this.#options ? this.#options.open() : startChild({ stderr: 'inherit', ...this.#options })
    this.#connect(this.#child)
    const { pid } = this.#child
    this.#observe(() => {
      if (pid !== undefined)
        this.#options.publish(event('process.started', this.#options.now(), this.#about(), { pid }))
    })
    void this.#child.exited.then((exit) => this.#finish(exit))
  }

  async stop(): Promise<void> {
    this.#unwanted = true
    this.#stopped = true
    if (!this.#child) return
    await this.#child.end(this.#times.graceMs)
    await this.exited
  }

  signal(signal: NodeJS.Signals): void {
    this.#unwanted = true
    const child = this.#child
    if (child?.pid === undefined) return
    // A client that is not heeded sends SIGKILL next, and would end this process alone.
    if (signal === 'SIGTERM') this.#unguard ??= guardGroup(child.pid)
    try {
      // The server alone, as without us: what it started is its own to tell.
      process.kill(child.pid, signal)
    } catch {
      child.kill(signal)
    }
  }

  #connect(child: Child): void {
    const { stdin, stdout, publish, clock, rules } = this.#options
    const tape = this.#tape
    this.#observe(() => {
      const server = createServerMemory({}, rules)
      const { now } = tape
      this.#conversation = createConversation({ origin: this.#origin, publish, now, clock: tape.clock, server })
      this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS).unref()
    })
    const asked = this.#conversation?.lines('client_to_server')
    const answered = this.#conversation?.lines('server_to_client')
    const carry = (from: Readable, to: Writable, reader: typeof asked) => {
      const carrying = pump({
        from,
        to,
        look: (bytes, length, at) => reader && tape.record(reader, bytes, length, at),
        clock,
      })
      carrying.source.once('end', () => {
        tape.play()
        this.#observe(() => reader?.end())
      })
      return carrying
    }
    this.#input = carry(stdin, child.stdin, asked)
    this.#output = carry(child.stdout, stdout, answered)
    for (const name of ['end', 'close', 'error'] as const) this.#input.source.once(name, () => this.#inputEnded())
    void this.#output.done.then(() => {
      if (this.#output?.broken) this.#abandoned()
    })
  }

  #sweep(): void {
    this.#tape.play()
    this.#observe(() => this.#conversation?.sweep())
  }

  /** The client ended the input: the server may finish its work, and is watched so that it does not stay for ever. */
  #inputEnded(): void {
    if (this.#clientLeft || this.#input?.broken) return
    this.#clientLeft = true
    this.#unwanted = true
    void this.#watchLeftBehind()
  }

  async #watchLeftBehind(): Promise<void> {
    const { hasClient = () => true } = this.#options
    while (!this.#over) {
      await delay(this.#times.watchMs)
      const output = this.#output
      this.#tape.play()
      const isIdle = output && !output.blocked && output.idleMs() >= this.#times.silentMs
      if (!hasClient() || (isIdle && (this.#conversation?.open ?? 0) === 0)) return this.#abandoned()
    }
  }

  /** Nobody is there for the server any more. */
  #abandoned(): void {
    if (this.#over) return
    this.#clientLeft = true
    this.#unwanted = true
    void this.#child?.end(this.#times.graceMs)
  }

  async #finish(exit: ChildExit): Promise<void> {
    await this.#lastOutput()
    this.#over = true
    // What the server left behind in its group must not outlive us. Mostly that is nobody, and this takes no time.
    await this.#child?.end(this.#times.graceMs)
    this.#unguard?.()
    this.#input?.source.destroy()
    const { publish, now, clock } = this.#options
    clearInterval(this.#sweeper)
    const reason = this.#clientLeft ? 'client' : this.#stopped ? 'shutdown' : 'server'
    this.#tape.close()
    this.#observe(() => this.#conversation?.close(this.#unwanted ? 'cancelled' : 'process_exit', reason))
    this.#observe(() => {
      // What lives in this process is no process that ended.
      if (this.pid === undefined && exit.startFailure === undefined) return
      publish(
        event('process.ended', now(), this.#about(), {
          pid: this.#child?.pid ?? 0,
          crashed: !this.#unwanted && exit.code !== 0,
          durationMs: clock() - this.#startedAt,
          ...(exit.code !== null && exit.startFailure === undefined && { exitCode: exit.code }),
          ...(exit.signal !== null && { signal: exit.signal }),
          ...(exit.startFailure !== undefined && { reason: exit.startFailure }),
        }),
      )
    })
    this.#resolveExited(exit)
  }

  /** Waits for the output to end; not for what holds the pipe beyond the server's own life and says nothing. */
  async #lastOutput(): Promise<void> {
    const output = this.#output
    if (!output) return
    let done = false
    const ended = output.done.then(() => {
      done = true
    })
    while (!done) {
      if (!output.blocked && output.idleMs() >= this.#times.lastOutputMs) output.cut()
      const stop = new AbortController()
      await Promise.race([
        ended,
        delay(this.#times.lastOutputMs / 5, undefined, { signal: stop.signal }).catch(() => {}),
      ])
      stop.abort()
    }
  }

  #about(): Origin {
    const { server, transport } = this.#origin
    return transport ? { server, transport } : { server }
  }

  #observe(look: () => void): void {
    try {
      look()
    } catch {
      this.#observerFaults++
    }
  }
}
