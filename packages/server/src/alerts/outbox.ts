import type { Book } from './book.js'
import type { AlertView, HistoryEntry, MessageRecord, Notification } from './contract.js'
import { chosen, counted } from './view.js'

/** How a channel's messages are tried again. */
export interface OutboxLimits {
  /** Who gets what this channel does not take. */
  readonly fallback?: string | undefined
  /** How long it is tried before the fallback gets it, milliseconds. */
  readonly fallbackAfterMs: number
  /** How long it is tried where there is no fallback, milliseconds. */
  readonly giveUpAfterMs: number
  /** How long word of the delivery may take, of what was accepted, milliseconds. */
  readonly receiptTimeoutMs: number
}

/**
 * What became of one try. `accepted`: the far end will tell whether it arrived. `failed`: to be tried again, at the
 * earliest after `retryAfterMs`. `refused`: no further try would help.
 */
export type Outcome =
  | { readonly is: 'sent' }
  | { readonly is: 'accepted'; readonly receipt: string }
  | { readonly is: 'failed'; readonly problem: string; readonly retryAfterMs?: number | undefined }
  | { readonly is: 'refused'; readonly problem: string }

/** Pause after the first failure, doubled after each, to the longest. Milliseconds. */
const FIRST_PAUSE_MS = 1000
const LONGEST_PAUSE_MS = 300_000
/** Most words of deliveries that are remembered while nobody knows yet what message they mean. */
const MAX_EARLY = 100
/** Most messages that wait; beyond it the oldest are dropped and counted. */
export const MAX_MESSAGES = 5000

/**
 * Messages on their way. One that waits is brought up to date by the next of its group, so that a channel that comes back
 * is not flooded with what was true once.
 */
export class Outbox {
  readonly #book: Book
  readonly #limitsOf: (channel: string) => OutboxLimits | undefined
  /** What each channel was given, and is not settled. */
  readonly #sending = new Map<string, string>()
  /** Until when a channel asked for peace. */
  readonly #heldUntil = new Map<string, number>()
  /** What was said of receipts that nobody knew then: word of a delivery may overtake the answer to its message. */
  readonly #early = new Map<string, string | undefined>()
  #lost = 0

  constructor(book: Book, limitsOf: (channel: string) => OutboxLimits | undefined) {
    this.#book = book
    this.#limitsOf = limitsOf
    // What was on its way when the last process ended waits beside what waited behind it. From now on one of a group waits,
    // as ever: else the next of that group would bring the wrong one up to date.
    for (const message of [...book.all('message')].sort(byAge)) {
      const older = this.#waitingOf(message.notification, message.notification.id, message)
      if (older && message.receipt === undefined) this.#replace(message, older)
    }
  }

  get lost(): number {
    return this.#lost
  }

  /** `besides`: channels that are told the same by messages of their own. */
  post(notification: Notification, besides: readonly string[], now: number): void {
    this.#add({ notification, createdAt: now, nextAt: now, attempts: 0, after: [], besides }, now)
  }

  /** What is due first. One at a time for each channel: nothing more until that is settled. */
  next(channel: string, now: number): MessageRecord | undefined {
    let first: MessageRecord | undefined
    for (const message of this.#book.all('message')) {
      if (message.notification.channel !== channel || !this.#isDue(message, now)) continue
      if (!first || message.createdAt < first.createdAt) first = message
    }
    if (first) this.#sending.set(channel, first.notification.id)
    return first
  }

  waiting(now: number): readonly string[] {
    const channels = new Set<string>()
    for (const message of this.#book.all('message'))
      if (this.#isDue(message, now)) channels.add(message.notification.channel)
    return [...channels]
  }

  dueAt(): number {
    let due = Number.POSITIVE_INFINITY
    for (const { notification, nextAt, receipt } of this.#book.all('message')) {
      const { channel } = notification
      if (receipt !== undefined) due = Math.min(due, nextAt)
      // What is being sent, and what waits behind it, has its turn when that is settled.
      else if (!this.#sending.has(channel)) due = Math.min(due, Math.max(nextAt, this.#heldUntil.get(channel) ?? 0))
    }
    return due
  }

  settle(id: string, outcome: Outcome, now: number): void {
    const message = this.#book.get('message', id)
    for (const [channel, sending] of this.#sending) if (sending === id) this.#sending.delete(channel)
    if (!message) return
    const limits = this.#limitsOf(message.notification.channel)
    const tried = { ...message, attempts: message.attempts + 1 }
    if (outcome.is === 'sent') this.#end(tried, 'sent', undefined, now)
    else if (outcome.is === 'accepted') this.#accepted(tried, outcome.receipt, limits?.receiptTimeoutMs ?? 0, now)
    else if (outcome.is === 'refused') this.#handOn(tried, outcome.problem, now)
    else this.#failed(tried, outcome.problem, outcome.retryAfterMs ?? 0, now)
  }

  delivered(channel: string, receipt: string, problem: string | undefined, now: number): boolean {
    for (const message of this.#book.all('message')) {
      if (message.notification.channel !== channel || message.receipt !== receipt) continue
      if (problem === undefined) this.#end(message, 'sent', undefined, now)
      else this.#handOn(message, problem, now)
      return true
    }
    this.#early.set(earlyKey(channel, receipt), problem)
    if (this.#early.size > MAX_EARLY) this.#early.delete(this.#early.keys().next().value as string)
    return false
  }

  #accepted(message: MessageRecord, receipt: string, timeoutMs: number, now: number): void {
    const { channel, id } = message.notification
    this.#book.put('message', id, { ...message, receipt, nextAt: now + timeoutMs })
    const key = earlyKey(channel, receipt)
    if (!this.#early.has(key)) return
    const problem = this.#early.get(key)
    this.#early.delete(key)
    this.delivered(channel, receipt, problem, now)
  }

  /** Accepted messages of which no word came, and those of channels that are gone. */
  tick(now: number): void {
    for (const message of [...this.#book.all('message')]) {
      const { notification, receipt, nextAt } = message
      if (!this.#limitsOf(notification.channel)) this.#end(message, 'undelivered', 'there is no such channel', now)
      else if (receipt !== undefined && now >= nextAt) this.#handOn(message, 'no word of its delivery came', now)
    }
  }

  #isDue({ notification, nextAt, receipt }: MessageRecord, now: number): boolean {
    const { channel } = notification
    const at = Math.max(nextAt, this.#heldUntil.get(channel) ?? 0)
    return at <= now && receipt === undefined && !this.#sending.has(channel)
  }

  #isSending({ channel, id }: Notification): boolean {
    return this.#sending.get(channel) === id
  }

  #failed(message: MessageRecord, problem: string, retryAfterMs: number, now: number): void {
    const limits = this.#limitsOf(message.notification.channel)
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (message.attempts - 1), LONGEST_PAUSE_MS)
    const nextAt = now + Math.max(pauseMs, retryAfterMs)
    if (retryAfterMs > 0) this.#heldUntil.set(message.notification.channel, now + retryAfterMs)
    const isHandedOn = limits?.fallback !== undefined && !message.after.includes(limits.fallback)
    const patienceMs = (isHandedOn ? limits?.fallbackAfterMs : limits?.giveUpAfterMs) ?? 0
    if (nextAt - message.createdAt > patienceMs) {
      this.#handOn(message, problem, now)
      return
    }
    const newer = this.#waitingOf(message.notification, message.notification.id)
    if (newer) this.#replace({ ...newer, nextAt: Math.max(newer.nextAt, nextAt) }, message)
    else this.#book.put('message', message.notification.id, { ...message, nextAt })
  }

  #handOn(message: MessageRecord, problem: string, now: number): void {
    const { notification, after, besides } = message
    const { channel } = notification
    const to = this.#limitsOf(channel)?.fallback
    this.#end(message, 'undelivered', problem, now)
    // Who is told of it anyway needs no second message.
    if (to !== undefined && besides.includes(to)) return
    if (to === undefined || to === channel || after.includes(to) || !this.#limitsOf(to)) {
      this.#lost++
      return
    }
    const told = this.#asOfNow(notification, now)
    if (told.alerts.length === 0 && notification.alerts.length > 0) return
    const passedOn = { ...told, id: `${notification.id}-${to}`, channel: to }
    this.#tellTheEnd(passedOn, channel)
    const entry = { notification: passedOn, createdAt: now, nextAt: now, attempts: 0 }
    this.#add({ ...entry, after: [...after, channel], besides }, now)
  }

  /**
   * What was over before it arrived is told as over: nobody would tell of the end otherwise. What fires anew since then, and
   * was told of, is not told as over at all: those messages may have come before this one.
   */
  #asOfNow(notification: Notification, now: number): Notification {
    const current = notification.alerts.filter(({ fingerprint, startsAt }) => {
      const alert = this.#book.get('alert', fingerprint)
      if (alert?.startsAt === undefined || alert.state === 'resolved' || alert.startsAt === startsAt) return true
      return !this.#isTold(fingerprint, alert.startsAt)
    })
    const alerts = current.map((view): AlertView => {
      const alert = this.#book.get('alert', view.fingerprint)
      if (view.state === 'resolved' || (alert?.startsAt === view.startsAt && alert.state !== 'resolved')) return view
      const endsAt = (alert?.startsAt === view.startsAt ? alert.endsAt : undefined) ?? now
      return { ...view, state: 'resolved', endsAt }
    })
    const [before, after] = [counted(notification.alerts), counted(alerts)]
    const firing = notification.firing - before.firing + after.firing
    const resolved = notification.resolved - before.resolved + after.resolved
    const reason = firing === 0 && before.firing > 0 ? 'resolved' : notification.reason
    return { ...notification, reason, alerts, firing, resolved }
  }

  #isTold(fingerprint: string, startsAt: number): boolean {
    for (const { told } of this.#book.all('group')) if (told[fingerprint]?.startsAt === startsAt) return true
    return false
  }

  /** Who is told in another's place that something fires is told of its end with the others. */
  #tellTheEnd({ channel: to, alerts }: Notification, channel: string): void {
    const firing = alerts.filter(({ state }) => state !== 'resolved')
    for (const group of [...this.#book.all('group')]) {
      if (!group.toldTo.includes(channel) || group.toldTo.includes(to)) continue
      if (firing.some(({ fingerprint }) => Object.hasOwn(group.told, fingerprint)))
        this.#book.put('group', group.key, { ...group, toldTo: [...group.toldTo, to] })
    }
  }

  #end({ notification }: MessageRecord, what: 'sent' | 'undelivered', problem: string | undefined, at: number): void {
    const { id, channel, groupLabels } = notification
    const entry: HistoryEntry = { at, what, labels: groupLabels, channel, notification: id }
    this.#book.happened(problem === undefined ? entry : { ...entry, problem })
    this.#book.remove('message', id)
  }

  #add(message: MessageRecord, now: number): void {
    const { notification } = message
    const older = this.#waitingOf(notification, notification.id)
    this.#book.put('message', notification.id, message)
    if (older) this.#replace(message, older)
    if (this.#book.size('message') <= MAX_MESSAGES) return
    for (const oldest of this.#book.all('message')) {
      if (this.#isSending(oldest.notification)) continue
      this.#lost++
      this.#end(oldest, 'undelivered', 'too many messages wait', now)
      break
    }
  }

  /** The newer one tells what only the older one knew as well. */
  #replace(newer: MessageRecord, older: MessageRecord): void {
    const { notification } = newer
    const known = new Set(notification.alerts.map(({ fingerprint }) => fingerprint))
    const lacking = older.notification.alerts.filter(({ fingerprint }) => !known.has(fingerprint))
    const views: readonly AlertView[] = [...notification.alerts, ...lacking]
    const { alerts, truncated } = chosen(views)
    const added = counted(lacking)
    this.#book.put('message', notification.id, {
      ...newer,
      // Who waited goes on waiting: its turn came before.
      createdAt: Math.min(newer.createdAt, older.createdAt),
      attempts: Math.max(newer.attempts, older.attempts),
      notification: {
        ...notification,
        alerts,
        truncated: notification.truncated + truncated,
        firing: notification.firing + added.firing,
        resolved: notification.resolved + added.resolved,
        reason: older.notification.reason === 'new' && notification.firing > 0 ? 'new' : notification.reason,
      },
    })
    this.#book.remove('message', older.notification.id)
  }

  /** What waits of the same group but `not` itself, and is older than `before` where that is given. */
  #waitingOf({ channel, group, reason }: Notification, not: string, before?: MessageRecord): MessageRecord | undefined {
    if (reason === 'test') return undefined
    for (const message of this.#book.all('message')) {
      const { notification, receipt } = message
      if (notification.id === not || notification.channel !== channel || notification.group !== group) continue
      if (before && byAge(message, before) > 0) continue
      if (notification.reason !== 'test' && receipt === undefined && !this.#isSending(notification)) return message
    }
    return undefined
  }
}

/** By the time at which it was told; numbers of one group rise (`GroupRecord.sequence`), for those of one moment. */
function byAge({ notification: a }: MessageRecord, { notification: b }: MessageRecord): number {
  return a.at - b.at || (a.id < b.id ? -1 : 1)
}

function earlyKey(channel: string, receipt: string): string {
  return JSON.stringify([channel, receipt])
}
