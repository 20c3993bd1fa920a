import { Readable } from 'node:stream'
import { tapAnswer } from './answer-tap.js'
import { readBody } from './body.js'
import { answerPreflight, isPreflight, shareWithPage } from './cors.js'
import type { Door, Pass } from './door.js'
import { doubtOf } from './doubt.js'
import type { Exchange } from './exchange.js'
import { NO_SESSION } from './failures.js'
import { carriesBody } from './http-headers.js'
import { type Judged, judgeBody, type Passing, refuseRest } from './judge.js'
import { errorMessage, FAULT, type Refusal, refuse } from './respond.js'

/** The header that holds a client's key. It is for us alone, and never passed on. */
const KEY_HEADER = 'x-mcp-vitals-key'
/** Most sessions whose holders are remembered; of more, the oldest is forgotten, and its client begins anew. */
const MAX_SESSIONS = 10_000

export interface DoorwayOptions {
  /** The gateway's own bound of a body, in bytes. */
  readonly maxBodyBytes: () => number
  /** Whether a key may be shown as `Authorization: Bearer` too: where that is for no server behind us. */
  readonly takesBearer?: boolean
  /** Takes what passes. */
  readonly onward: (exchange: Exchange) => void
}

/** What is known of an answer before it comes. */
interface Expected {
  /** The id of its one request. */
  readonly id?: string | undefined
  /** Errors that belong to it as well. */
  readonly errors: readonly string[]
  /** A JSON body may list tools. */
  readonly lists: boolean
}

/** The way through the doors of one server, and what outlives a change of them: which session is whose. */
export class Doorway {
  readonly #options: DoorwayOptions
  /** Session id of the protocol → who opened it. A session is no credential: each request shows its key. */
  readonly #holders = new Map<string, string>()

  constructor(options: DoorwayOptions) {
    this.#options = options
  }

  /** Lets one exchange through the door, or refuses it. Never throws. */
  handle(exchange: Exchange, door: Door): void {
    const { req } = exchange
    // A browser shows no key with the question whether it may; the answer tells nothing of the server.
    if (isPreflight(exchange)) {
      shareWithPage(exchange)
      answerPreflight(exchange, 'GET, POST, DELETE')
      return
    }
    const named = takeKeys(req)
    const keys = this.#options.takesBearer && named.length === 0 ? takeBearer(req) : named
    const pass = door.admit({
      remote: req.socket.remoteAddress,
      forwardedFor: req.headers['x-forwarded-for']?.toString(),
      keys,
      url: req.url ?? '',
      headers: req.rawHeaders,
    })
    if ('status' in pass) {
      this.#turnAway(exchange, pass)
      return
    }
    exchange.agent = pass.agent
    exchange.holder = pass.holder
    exchange.pass = pass
    if (!this.#ownsSession(exchange)) {
      this.#turnAway(exchange, NO_SESSION, pass)
      return
    }
    const problem = pass.readsRequest ? doubtOf(req) : undefined
    if (problem) {
      this.#turnAway(exchange, problem, pass)
      return
    }
    // A server may take any method for POST, where a header or its own laxness tells it so.
    if (pass.readsRequest && (req.method === 'POST' || carriesBody(req))) {
      this.#read(exchange, pass).catch(() => refuse(exchange, FAULT))
      return
    }
    this.#pass(exchange, pass, { errors: [], lists: req.method !== 'POST' })
  }

  async #read(exchange: Exchange, pass: Pass): Promise<void> {
    const maxBodyBytes = this.#options.maxBodyBytes()
    const read = await readBody(exchange, Math.min(pass.maxRequestBytes ?? maxBodyBytes, maxBodyBytes))
    if (read === undefined) return
    if (!Buffer.isBuffer(read)) {
      if (read.status === 413) pass.tooLarge()
      return this.#turnAway(exchange, read, pass)
    }
    const { header } = exchange
    const found = judgeBody(read, pass, { method: header('mcp-method'), name: header('mcp-name') })
    const judged = 'refusal' in found ? found : await written(found, pass)
    if ('refusal' in judged) return this.#turnAway(exchange, judged.refusal, pass)
    // Who left while something was written down wants no answer, and no call.
    if (exchange.res.closed) return
    const { forward, errors, lists, passing, batch } = judged
    if (forward === undefined) return answerAlone(exchange, errors, pass)
    replay(exchange, forward, forward !== read)
    const id = batch ? undefined : passing[0]?.id
    this.#pass(exchange, pass, { id, errors: errors.map(({ message }) => message), lists })
  }

  #pass(exchange: Exchange, pass: Pass, { id, errors, lists }: Expected): void {
    const { holder } = pass
    const reads = pass.readsTools || errors.length > 0
    if (reads) takeHeader(exchange.req, 'accept-encoding')
    tapAnswer(exchange.res, {
      onSession: (id) => this.#remember(id, holder),
      id,
      holdsJson: lists || errors.length > 0,
      headers: pass.headers(),
      ...(reads && { errors, maxBytes: this.#options.maxBodyBytes(), visible: (tools) => pass.visible(tools) }),
    })
    this.#options.onward(exchange)
  }

  #ownsSession({ header, holder }: Exchange): boolean {
    const session = header('mcp-session-id')
    return session === undefined || holder === undefined || this.#holders.get(session) === holder
  }

  #remember(session: string, holder: string | undefined): void {
    if (holder === undefined) return
    this.#holders.delete(session)
    this.#holders.set(session, holder)
    if (this.#holders.size > MAX_SESSIONS) this.#holders.delete(this.#holders.keys().next().value!)
  }

  /** The body is read and forgotten, so that the client, which may still be sending, hears the answer. */
  #turnAway(exchange: Exchange, refusal: Refusal, pass?: Pass): void {
    exchange.req.resume()
    shareWithPage(exchange)
    refuse(exchange, { ...refusal, headers: { ...pass?.headers(), ...refusal.headers } })
  }
}

/** What becomes of what passes once those calls are written down that must be. */
async function written(judged: Passing, pass: Pass): Promise<Judged> {
  const refusal = await pass.written()
  return refusal ? refuseRest(judged, refusal) : judged
}

/** Takes the keys out of a request, with a door or without. */
export function takeKeys(req: Exchange['req']): readonly string[] {
  return req.headers[KEY_HEADER] === undefined ? [] : takeHeader(req, KEY_HEADER)
}

/** Takes every value of a header out of a request. */
function takeHeader(req: Exchange['req'], name: string): readonly string[] {
  const values: string[] = []
  for (let at = req.rawHeaders.length - 2; at >= 0; at -= 2) {
    if (req.rawHeaders[at]!.toLowerCase() !== name) continue
    values.unshift(req.rawHeaders[at + 1]!)
    req.rawHeaders.splice(at, 2)
  }
  delete req.headers[name]
  return values
}

/** Takes the tokens of a request's authorisation out of it. */
function takeBearer(req: Exchange['req']): readonly string[] {
  return takeHeader(req, 'authorization').map((value) => value.replace(/^Bearer +/i, ''))
}

/** Puts a body that was read in the place of the one that came. */
function replay(exchange: Exchange, body: Buffer, changed: boolean): void {
  const { req } = exchange
  const { method, url, headers, rawHeaders, rawTrailers, socket } = req
  if (changed) {
    takeHeader(req, 'content-length')
    headers['content-length'] = String(body.length)
    rawHeaders.push('Content-Length', String(body.length))
  }
  exchange.requestBytes = 0
  exchange.req = Object.assign(Readable.from([body], { objectMode: false }), {
    method,
    url,
    headers,
    rawHeaders,
    rawTrailers,
    socket,
  })
}

/** Answers a body of which nothing passes. */
function answerAlone(
  exchange: Exchange,
  errors: readonly { message: string; refusal: Refusal; batch: boolean }[],
  pass: Pass,
): void {
  const only = errors[0]!
  const { res } = exchange
  shareWithPage(exchange)
  const wantsJson = /application\/(json|\*)|\*\/\*/i.test(exchange.header('accept') ?? '')
  // A client of Streamable HTTP takes an error of JSON-RPC as such only where HTTP is content.
  const isPlain = only.batch || (wantsJson && only.refusal.status !== 429)
  const text = only.batch ? `[${errors.map(({ message }) => message).join(',')}]` : errorMessage(only.refusal)
  const body = Buffer.from(text)
  exchange.responseBytes += body.length
  res.writeHead(isPlain ? 200 : only.refusal.status, {
    ...pass.headers(),
    ...(isPlain ? {} : only.refusal.headers),
    'content-type': 'application/json',
    'content-length': body.length,
  })
  res.end(body)
}
