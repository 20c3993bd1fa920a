import { unacceptable } from './answer.js'
import { type Backoff, Backoffs } from './backoff.js'
import { readBody } from './body.js'
import { oneLine } from './bytes.js'
import type { ServerContext, Startable, Upstream } from './context.js'
import { answerPreflight, isPreflight, shareWithPage } from './cors.js'
import { credentialOf } from './credential.js'
import { SharedProcesses } from './era.js'
import type { Exchange } from './exchange.js'
import { heldBack, NO_SESSION, STOPPING, tooManyChildren } from './failures.js'
import { type Message, type Parcel, readParcel } from './message.js'
import { observeLater } from './observe.js'
import { type ProcessTaker, type ServerProcess, startServerProcess } from './process.js'
import { acknowledge, CODES, FAULT, type Refusal, refuse } from './respond.js'
import { isModern, route } from './routing.js'
import { Sessionless } from './sessionless.js'
import type { Tenant } from './slots.js'
import { Spare } from './spare.js'
import { keyIn, opensOldStream, parsePath } from './sse-address.js'
import { SseSessions } from './sse-sessions.js'
import { StdioSession } from './stdio-session.js'

const METHODS = 'GET, POST, DELETE'

/** HTTP in front of a stdio server: a process for each legacy session and each HTTP+SSE stream, a shared one for the modern era. */
export class StdioUpstream implements Upstream {
  readonly #entry: Startable
  readonly #context: ServerContext
  readonly #sessions = new Map<string, StdioSession>()
  readonly #shared: SharedProcesses
  readonly #spare: Spare
  /** Of the legacy era: what ends a process of the one says nothing of the other. */
  readonly #backoffs: Backoffs
  readonly #streams: SseSessions
  /** Absent where a server is a process: a client without a session would start one. */
  readonly #sessionless: Sessionless | undefined
  readonly #ending = new Set<Promise<void>>()
  #retired = false

  constructor(entry: Startable, context: ServerContext) {
    this.#entry = entry
    this.#context = context
    this.#spare = new Spare(context)
    this.#shared = new SharedProcesses(entry, context, new Backoffs(context), this.#spare)
    this.#backoffs = new Backoffs(context)
    this.#streams = new SseSessions({ entry, context, backoffs: this.#backoffs })
    this.#sessionless = 'host' in entry ? new Sessionless(entry, context) : undefined
  }

  handle(exchange: Exchange, rest: string): void {
    shareWithPage(exchange)
    if (isPreflight(exchange)) {
      answerPreflight(exchange, METHODS)
      return
    }
    const { path, query } = parsePath(rest)
    if (opensOldStream(exchange, path)) {
      this.#streams.open(exchange).catch(() => refuse(exchange, FAULT))
      return
    }
    if (path === '/message' && exchange.req.method === 'POST') {
      this.#postToStream(exchange, query).catch(() => refuse(exchange, FAULT))
      return
    }
    switch (exchange.req.method) {
      case 'POST':
        this.#post(exchange).catch(() => refuse(exchange, FAULT))
        return
      case 'GET':
        this.#withSession(exchange, (session) => session.listen(exchange))
        return
      case 'DELETE':
        this.#withSession(exchange, (session) => {
          void this.#end(session, 'client')
          acknowledge(exchange, 200)
        })
        return
      default:
        this.#refuseMethod(exchange, METHODS)
    }
  }

  retire(): void {
    this.#retired = true
    this.#sessionless?.retire()
    this.#streams.retire()
  }

  holds(session: string): boolean {
    return this.#sessions.has(session) || this.#streams.holds(session)
  }

  sweep(): void {
    for (const session of this.#sessions.values()) {
      session.sweep()
      if (session.idleMs() >= this.#context.options.sessionIdleMs) void this.#end(session, 'idle')
    }
    this.#shared.sweep()
    this.#sessionless?.sweep()
    this.#streams.sweep()
  }

  tenants(): readonly Tenant[] {
    const sessions = [...this.#sessions.values()].map((session) => ({
      idleMs: () => session.idleMs(),
      end: () => this.#end(session, 'idle'),
    }))
    const sessionless = this.#sessionless?.tenants() ?? []
    return [
      ...sessions,
      ...this.#shared.tenants(),
      ...sessionless,
      ...this.#spare.tenants(),
      ...this.#streams.tenants(),
    ]
  }

  async answers(timeoutMs: number): Promise<boolean | undefined> {
    for (const one of [...this.#sessions.values(), ...this.#shared.running()].reverse()) {
      const isAnswered = await one.answers(timeoutMs)
      if (isAnswered !== undefined) return isAnswered
    }
    return undefined
  }

  get sessions(): number {
    return this.#sessions.size + this.#streams.size
  }

  async stop(): Promise<void> {
    for (const session of this.#sessions.values()) void this.#end(session, 'shutdown')
    const others = [this.#shared.stop(), this.#sessionless?.stop(), this.#spare.end(), this.#streams.stop()]
    await Promise.all([...others, ...this.#ending])
  }

  async #post(exchange: Exchange): Promise<void> {
    const body = await this.#read(exchange)
    if (!body) return
    const refusal = unacceptable(exchange, body.messages[0]?.id)
    if (refusal) return refuse(exchange, refusal)
    await this.#dispatch(exchange, body)
  }

  async #postToStream(exchange: Exchange, query: string): Promise<void> {
    const body = await this.#read(exchange)
    if (!body) return
    if (this.#sessionless && keyIn(query) === '') await this.#sessionless.post(exchange, body)
    else this.#streams.post(exchange, query, body)
  }

  /** The body of a POST; undefined where it was refused, or its client left. */
  async #read(exchange: Exchange): Promise<Parcel | undefined> {
    const read = await readBody(exchange, this.#context.options.maxBodyBytes)
    if (read === undefined) return undefined
    if (!Buffer.isBuffer(read)) {
      refuse(exchange, read)
      return undefined
    }
    const body = this.#parse(read)
    if (body) return body
    this.#unreadable(read)
    refuse(exchange, { status: 400, code: CODES.parseError, message: 'The body is no JSON-RPC message.' })
    return undefined
  }

  async #dispatch(exchange: Exchange, { line, messages, batch }: Parcel): Promise<void> {
    const target = route(exchange.req.headers, messages, batch)
    switch (target.to) {
      case 'refusal':
        refuse(exchange, target.refusal)
        return
      case 'shared':
        this.#shared.post(exchange, target.message)
        return
      case 'session': {
        const isNew = this.#retired && messages.some(({ kind }) => kind === 'request')
        const session = isNew ? undefined : this.#sessions.get(target.id)
        session ? session.post(exchange, line, messages, batch) : refuse(exchange, withId(NO_SESSION, messages))
        return
      }
      case 'new session': {
        const { slots } = this.#context
        const backoff = this.#backoffs.of(credentialOf(exchange))
        const { hold } = backoff
        const spare = this.#retired || hold ? undefined : this.#spare.take()
        if (spare) this.#open(backoff, spare).post(exchange, line, messages, batch)
        else if (hold) refuse(exchange, withId(heldBack(this.#context, hold), messages))
        else if (!(await slots.claim())) refuse(exchange, withId(tooManyChildren(this.#context), messages))
        // To make room takes its time, and the client may have left.
        else if (exchange.res.closed) slots.give()
        else if (this.#retired) {
          slots.give()
          refuse(exchange, withId(STOPPING, messages))
        } else this.#open(backoff).post(exchange, line, messages, batch)
        return
      }
    }
  }

  #parse(bytes: Buffer): Parcel | undefined {
    const line = oneLine(bytes)
    return line && readParcel(line)
  }

  /** The observer says what it thinks of a body that goes nowhere. */
  #unreadable(bytes: Buffer): void {
    const observer = observeLater(this.#context)
    observer.whole('client_to_server', bytes)
    observer.close('cancelled', 'client')
  }

  /** Opens a session with a process that it starts, in a slot which the caller took, or that `begin` gives. */
  #open(backoff: Backoff, begin = this.#start): StdioSession {
    const session = new StdioSession(this.#entry, this.#context, backoff, begin, () =>
      this.#sessions.delete(session.id),
    )
    this.#sessions.set(session.id, session)
    return session
  }

  readonly #start = (taker: ProcessTaker, session: string): ServerProcess =>
    startServerProcess({ entry: this.#entry, context: this.#context, session, ...taker })

  #withSession(exchange: Exchange, act: (session: StdioSession) => void): void {
    if (isModern(exchange.header('mcp-protocol-version'))) {
      this.#refuseMethod(exchange, 'POST')
      return
    }
    const id = exchange.header('mcp-session-id')
    if (id === undefined) {
      refuse(exchange, {
        status: 400,
        code: CODES.transport,
        message: 'Bad Request: the Mcp-Session-Id header is missing.',
      })
      return
    }
    const session = this.#sessions.get(id)
    if (!session) {
      refuse(exchange, NO_SESSION)
      return
    }
    exchange.session = session.pseudonym
    act(session)
  }

  #end(session: StdioSession, reason: 'client' | 'idle' | 'shutdown'): Promise<void> {
    this.#sessions.delete(session.id)
    const ended = session.end(reason).finally(() => this.#ending.delete(ended))
    this.#ending.add(ended)
    return ended
  }

  #refuseMethod(exchange: Exchange, allow: string): void {
    refuse(exchange, { status: 405, code: CODES.transport, message: 'Method not allowed.', headers: { allow } })
  }
}

function withId(refusal: Refusal, messages: readonly Message[]): Refusal {
  return { ...refusal, id: messages.find(({ kind }) => kind === 'request')?.id }
}
