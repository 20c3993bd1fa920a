import { keyAmong } from '@mcp-vitals/instrument/mcp'
import type { Answer } from './answer.js'
import type { Exchange } from './exchange.js'
import { keyOf, type Message } from './message.js'
import type { Refusal } from './respond.js'
import type { EventStream } from './sse.js'
import { createWaiting } from './undelivered.js'

/**
 * Who of one session's open streams gets which message of its server: a response the POST that asked; progress the POST
 * whose token it names; everything else the GET stream, without one the newest POST that takes a stream, without that
 * the next GET stream.
 */
export class Delivery {
  readonly #answers = new Set<Answer>()
  readonly #byToken = new Map<string, Answer>()
  readonly #waiting
  readonly #onLost
  #listener: { readonly exchange: Exchange; readonly stream: EventStream } | undefined

  /** `onLost` is told of each message that nobody got. */
  constructor(onLost: () => void) {
    this.#onLost = onLost
    this.#waiting = createWaiting(onLost)
  }

  get listening(): boolean {
    return this.#listener !== undefined
  }

  /** True while a client waits for the answer to a call. */
  get busy(): boolean {
    return [...this.#answers].some(({ open }) => open)
  }

  /** True while a request with this key is unanswered. */
  awaits(key: string): boolean {
    return this.#owner(key) !== undefined
  }

  /** The responses to `requests` go to `answer`, and so does their progress. */
  expect(answer: Answer, requests: readonly Message[]): void {
    this.#answers.add(answer)
    for (const { progressToken } of requests) {
      const token = keyOf(progressToken)
      if (token !== undefined) this.#byToken.set(token, answer)
    }
  }

  /** Makes `stream` the one for what belongs to no call, and gives it what waited. */
  listen(exchange: Exchange, stream: EventStream): void {
    this.#listener = { exchange, stream }
    for (const message of this.#waiting.take()) stream.send(message)
    exchange.res.once('close', () => {
      if (this.#listener?.exchange === exchange) this.#listener = undefined
    })
  }

  /** Delivers one message. Returns the exchange it was written to. */
  deliver(message: Message): Exchange | undefined {
    if (message.kind === 'response') return this.#respond(message)
    const owner =
      message.method === 'notifications/progress' ? this.#reportedTo(keyOf(message.progressToken) ?? '') : undefined
    const answer = owner?.streams ? owner : this.#listener ? undefined : this.#newest()
    if (answer) {
      answer.notify(message.bytes)
      return answer.exchange
    }
    if (this.#listener) this.#listener.stream.send(message.bytes)
    else this.#waiting.push(message.bytes)
    return this.#listener?.exchange
  }

  /** There will be no response to this request. */
  forgo(key: string): void {
    const owner = this.#owner(key)
    owner?.forgo(key)
    this.#settle(owner)
  }

  /** Answers everything that is open, and forgets the rest. */
  close(refusal: Refusal): void {
    for (const answer of this.#answers) answer.fail(refusal)
    this.#answers.clear()
    this.#byToken.clear()
    this.#listener?.stream.end()
    for (const _ of this.#waiting.take()) this.#onLost()
  }

  /** Key of the request that a response answers: a server may hold a large number in a way that changes it. */
  answeredBy({ key = '' }: Message): string {
    if (this.awaits(key)) return key
    return (
      keyAmong(
        [...this.#answers].flatMap(({ waiting }) => [...waiting.keys()]),
        key,
      ) ?? key
    )
  }

  #reportedTo(token: string): Answer | undefined {
    return this.#byToken.get(token) ?? this.#byToken.get(keyAmong([...this.#byToken.keys()], token) ?? '')
  }

  #respond(message: Message): Exchange | undefined {
    const key = this.answeredBy(message)
    const owner = this.#owner(key)
    if (!owner?.reachable) this.#onLost()
    owner?.respond(key, message.bytes)
    this.#settle(owner)
    return owner?.exchange
  }

  #owner(key: string): Answer | undefined {
    for (const answer of this.#answers) if (answer.waiting.has(key)) return answer
    return undefined
  }

  #newest(): Answer | undefined {
    return [...this.#answers].findLast(({ streams, open }) => streams && open)
  }

  #settle(answer: Answer | undefined): void {
    if (!answer || answer.waiting.size > 0) return
    this.#answers.delete(answer)
    for (const [token, owner] of this.#byToken) if (owner === answer) this.#byToken.delete(token)
  }
}
