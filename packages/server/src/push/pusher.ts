import type { PushReadings } from '@mcp-vitals/instrument/metrics'
import { post } from '../http-post/index.js'
import type { Body, Verdict, Way } from './contract.js'
import { Outbox, type OutboxLimits } from './outbox.js'

export interface PusherLimits extends OutboxLimits {
  /** How long one try may take, milliseconds. */
  readonly timeoutMs: number
  /** First pause after a failure, milliseconds; doubled each time, and spread by chance over its second half. */
  readonly backoffMs: number
  /** Longest pause, milliseconds, unless the receiver asks for a longer one. */
  readonly maxBackoffMs: number
}

/** Bounds that are no options. */
export const PUSHER_LIMITS: Pick<PusherLimits, 'memoryBytes' | 'backoffMs' | 'maxBackoffMs'> = {
  memoryBytes: 4 * 1024 * 1024,
  backoffMs: 500,
  maxBackoffMs: 30_000,
}

/** So many bodies wait in memory for one that is being sent; with more the receiver is behind, and they go to disk. */
const FEW = 3
/** A receiver that takes and refuses by turns has its refusals told once in so long. Milliseconds. */
const TELL_AGAIN_MS = 60_000

/** There is no time left to send. */
const OVER: Verdict = { is: 'failed', problem: 'the daemon stopped' }

/** Told in words, for the log. */
export interface Trouble {
  readonly way: string
  readonly problem: string
}

export interface Refusal extends Trouble {
  /** None of a request was taken; else some of it. */
  readonly isWhole: boolean
}

/** What every way is given alike. */
export interface CommonTools {
  /** Folder of what waits; made (0700) when something does. */
  readonly dir: string
  readonly fetch: typeof fetch
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** From 0 up to 1. */
  readonly random: () => number
  /** It begins to fail: what is to be sent waits. */
  readonly onFailing: (trouble: Trouble) => void
  /** It begins to refuse all, or did not take a part: that is lost. */
  readonly onRefused: (refusal: Refusal) => void
  /** It took all, and had something to say. */
  readonly onWarned: (trouble: Trouble) => void
  /** It takes something again, after it failed or refused. */
  readonly onWell: (way: string) => void
  /** What of our own failed: a disk, an encoder. */
  readonly onFault: (error: unknown) => void
}

export interface PusherTools extends CommonTools {
  readonly limits: PusherLimits
}

/**
 * Sends bodies one after another, each until it was answered for: what failed is tried again after a pause, and waits on disk
 * meanwhile. Nobody who adds a body waits for anything.
 */
export class Pusher {
  readonly #way: Way
  readonly #tools: PusherTools
  readonly #outbox: Outbox
  #sent = 0
  #refused = 0
  #rejected = 0
  #failedPosts = 0
  #failuresInRow = 0
  #lastSentAtMs: number | undefined
  /** Of the last answer. */
  #isUp = true
  /** The trouble that the log was told of last, until it is over. */
  #told: 'failing' | 'refusing' | undefined
  #toldAnswerAtMs = Number.NEGATIVE_INFINITY
  #running: Promise<void> | undefined
  #pause: NodeJS.Timeout | undefined
  #attempt: AbortController | undefined
  #isOpen = false
  #isLast = false
  #isOver = false

  constructor(way: Way, tools: PusherTools) {
    this.#way = way
    this.#tools = tools
    this.#outbox = new Outbox(tools.dir, tools.limits, tools.onFault)
  }

  /** Goes on with what is left of the process before, then with what was added meanwhile. */
  async open(): Promise<void> {
    await this.#outbox.load()
    this.#isOpen = true
    this.#go()
  }

  add(body: Body): void {
    this.#outbox.add(body)
    if (this.#pause !== undefined || this.#outbox.length > FEW) void this.#outbox.spill()
    this.#go()
  }

  /** Sends for so long, then leaves the rest on disk. Idempotent. */
  async close(graceMs: number): Promise<void> {
    if (!this.#isOpen) return
    this.#isLast = true
    clearTimeout(this.#pause)
    this.#pause = undefined
    this.#go()
    const timer = setTimeout(() => {
      this.#isOver = true
      this.#attempt?.abort()
    }, graceMs)
    await this.#running
    clearTimeout(timer)
    this.#isOpen = false
    clearTimeout(this.#pause)
    await this.#outbox.spill()
  }

  stats(): PushReadings {
    const { waitingItems, spoolBytes, droppedItems } = this.#outbox.stats()
    return {
      ...{ sentItems: this.#sent, refusedItems: this.#refused, rejectedItems: this.#rejected, droppedItems },
      ...{ failedPosts: this.#failedPosts, waitingItems, spoolBytes },
      ...{ isUp: this.#isUp, lastSentAtMs: this.#lastSentAtMs },
    }
  }

  #go(): void {
    if (!this.#isOpen || this.#pause !== undefined) return
    this.#running ??= this.#drain()
      .catch(this.#tools.onFault)
      .finally(() => {
        this.#running = undefined
      })
  }

  async #drain(): Promise<void> {
    for (let body = await this.#outbox.first(); body; body = await this.#outbox.first()) {
      const verdict: Verdict = this.#isOver ? OVER : await this.#send(body)
      if (verdict.is === 'failed') {
        body.kept()
        this.#failed(verdict)
        return
      }
      this.#settle(verdict, body.items)
      await body.done()
    }
  }

  async #send({ bytes }: Body): Promise<Verdict> {
    const { url, headers } = this.#way
    const attempt = new AbortController()
    this.#attempt = attempt
    const timer = setTimeout(() => attempt.abort(), this.#tools.limits.timeoutMs)
    try {
      const answer = await post({ fetch: this.#tools.fetch, url, headers, body: bytes, signal: attempt.signal })
      return 'is' in answer ? answer : this.#way.judge(answer)
    } finally {
      clearTimeout(timer)
      this.#attempt = undefined
    }
  }

  #settle(verdict: Exclude<Verdict, { is: 'failed' }>, items: number): void {
    const lost = verdict.is === 'refused' ? items : Math.min(items, verdict.rejected ?? 0)
    const isWhole = lost > 0 && lost === items
    this.#failuresInRow = 0
    this.#isUp = !isWhole
    if (verdict.is === 'refused') this.#refused += lost
    else this.#rejected += lost
    if (!isWhole) {
      this.#sent += items - lost
      this.#lastSentAtMs = this.#tools.now()
      if (this.#told !== undefined) this.#tools.onWell(this.#way.name)
      this.#told = undefined
    }
    if (verdict.problem !== undefined) this.#tellAnswer(verdict.problem, lost, isWhole)
  }

  #tellAnswer(said: string, lost: number, isWhole: boolean): void {
    const now = this.#tools.now()
    if (this.#told === 'refusing' || now - this.#toldAnswerAtMs < TELL_AGAIN_MS) return
    this.#toldAnswerAtMs = now
    if (isWhole) this.#told = 'refusing'
    const trouble = { way: this.#way.name, problem: this.#discreet(said) }
    if (lost > 0) this.#tools.onRefused({ ...trouble, isWhole })
    else this.#tools.onWarned(trouble)
  }

  #failed({ problem, retryAfterMs = 0 }: Extract<Verdict, { is: 'failed' }>): void {
    const { backoffMs, maxBackoffMs } = this.#tools.limits
    this.#failedPosts++
    if (this.#isLast) return
    this.#isUp = false
    if (this.#told !== 'failing') this.#tools.onFailing({ way: this.#way.name, problem: this.#discreet(problem) })
    this.#told = 'failing'
    const pauseMs = Math.min(maxBackoffMs, backoffMs * 2 ** Math.min(this.#failuresInRow++, 30))
    const spreadMs = pauseMs * (0.5 + this.#tools.random() / 2)
    this.#pause = setTimeout(
      () => {
        this.#pause = undefined
        this.#go()
      },
      Math.max(spreadMs, retryAfterMs),
    )
    // Nobody waits for it: the pause may be over before a slow disk is done.
    void this.#outbox.spill()
  }

  /** A receiver may say again what it was sent. */
  #discreet(problem: string): string {
    const secrets = Object.entries(this.#way.headers).flatMap(([name, value]) =>
      name === 'content-type' || name === 'content-encoding'
        ? []
        : [value, ...value.split(' ').slice(1), ...passwordIn(value)],
    )
    return secrets.reduce((text, secret) => (secret.length > 3 ? text.replaceAll(secret, '***') : text), problem)
  }
}

/** The password of a header of Basic authentication: a receiver reads it there, and may say it as it was typed. */
function passwordIn(value: string): readonly string[] {
  const [, packed] = /^Basic (\S+)$/i.exec(value) ?? []
  if (packed === undefined) return []
  const [, password] = /^[^:]*:(.+)$/s.exec(Buffer.from(packed, 'base64').toString()) ?? []
  return password === undefined ? [] : [password]
}
