import type { Event } from '../event/index.js'
import type { Entry, Sink } from '../stream/index.js'
import type { BatchLimits, Lines } from './lines.js'
import { Memory } from './memory.js'
import type { Spool } from './spool.js'
import { Starts } from './starts.js'
import { globalTimer, type SetTimer, Timer } from './timer.js'
import type { Batch, Sender } from './wire.js'
import { LineWriter } from './writer.js'

const TAKEN = Promise.resolve()

/** What a receiver says of a batch. */
export type Receipt =
  /** Every event up to this number was taken (or can never be): the receiver's mark for the stream. */
  | { readonly highWater: number }
  /** The receiver will never take this batch, however often it is sent: its lines are dropped and counted. */
  | 'refused'

export interface ShipLimits {
  /** Most events in a batch. Default 500. */
  readonly batchEvents: number
  /** Most JSON in a batch, and in one event, bytes; a longer event is dropped. Default 256 Ki. */
  readonly batchBytes: number
  /** How long an event waits for others to travel with it, and then in memory for an answer, milliseconds. Default 250. */
  readonly flushMs: number
  /** First pause after a failure, milliseconds; doubled each time. Default 500. */
  readonly backoffMs: number
  /** Longest pause, milliseconds. Default 30,000. */
  readonly maxBackoffMs: number
  /** An empty batch goes out after so much silence, milliseconds, so that the receiver knows the sender alive. Default 30,000. */
  readonly heartbeatMs: number
  /** Most events in memory. Beyond it they go to the spool; without one the oldest are dropped. Default 10,000. */
  readonly memoryEvents: number
  /** Most JSON in memory, bytes. Default 4 Mi. */
  readonly memoryBytes: number
  /** How long `close` goes on sending, milliseconds. Default 2,000. */
  readonly closeMs: number
}

export const SHIP_LIMITS: ShipLimits = {
  batchEvents: 500,
  batchBytes: 262_144,
  flushMs: 250,
  backoffMs: 500,
  maxBackoffMs: 30_000,
  heartbeatMs: 30_000,
  memoryEvents: 10_000,
  memoryBytes: 4_194_304,
  closeMs: 2_000,
}

export interface ShipperOptions {
  /** Id of the stream: unique to this life of this sender, never used again. At most 64 characters. */
  readonly stream: string
  readonly sender: Sender
  /**
   * Sends one batch. Rejects when it may not have been taken; it is then sent again. Must settle in bounded time, and not
   * keep the bytes beyond it.
   */
  readonly post: (batch: Batch) => Promise<Receipt>
  /** Where events wait while the receiver is away. Without one they wait in memory alone. */
  readonly spool?: Spool
  /** A monotonic clock, milliseconds. */
  readonly clock: () => number
  /** Runs `task` once after `delayMs`; the answer takes it back. Default: the global `setTimeout`. */
  readonly setTimer?: SetTimer
  /** Makes of each event the one that travels, as it gets its number. Must not throw. Default: as it is. */
  readonly mask?: (event: Event) => Event
  /** From 0 up to 1: spreads the retries of many senders. Default `Math.random`. */
  readonly random?: () => number
  readonly limits?: Partial<ShipLimits>
}

export interface ShipperStats {
  /** Events given a number: an end that tells of its start as well is one. */
  readonly numbered: number
  /** The receiver's last known mark. */
  readonly highWater: number
  /** Events dropped, for want of room or because they were refused. */
  readonly dropped: number
  /** Events not known to be taken. */
  readonly waiting: number
  /** Posts that failed. */
  readonly failures: number
}

export interface Shipper extends Sink {
  /** Tries now: the receiver may be back. */
  wake(): void
  /** Puts all that is not known to be taken into the spool, at once and synchronously, and ends. Idempotent. */
  park(): void
  stats(): ShipperStats
}

/**
 * A sink that sends events to a receiver elsewhere as one numbered stream. A batch whose answer was lost is sent again,
 * and the receiver's high-water mark tells what it had: each event that was not dropped is taken once, in order.
 */
export function createShipper(options: ShipperOptions): Shipper {
  return new NumberedShipper(options)
}

class NumberedShipper implements Shipper {
  readonly name = 'ship'
  readonly queueLimit: number
  readonly #options: ShipperOptions
  readonly #limits: ShipLimits
  readonly #batchLimits: BatchLimits
  readonly #memory: Memory
  readonly #writer = new LineWriter()
  readonly #starts = new Starts()
  readonly #setTimer: SetTimer
  readonly #timer: Timer
  readonly #random: () => number
  #numbered = 0
  #highWater = 0
  /** Dropped for being too long, or refused. */
  #lost = 0
  #failures = 0
  #failuresInRow = 0
  #retryAt = 0
  #aliveAt = Number.NEGATIVE_INFINITY
  #sending = false
  #parked = false
  #onSettled = () => {}
  #stopWaiting = () => {}

  constructor(options: ShipperOptions) {
    this.#options = options
    this.#limits = { ...SHIP_LIMITS, ...options.limits }
    this.#batchLimits = { maxEvents: this.#limits.batchEvents, maxBytes: this.#limits.batchBytes }
    this.#memory = new Memory(this.#limits)
    this.#setTimer = options.setTimer ?? globalTimer
    this.#timer = new Timer(options.clock, this.#setTimer, () => this.#guarded(() => this.#run()))
    this.#random = options.random ?? Math.random
    this.queueLimit = this.#limits.memoryEvents
  }

  write(batch: readonly Entry[]): Promise<void> {
    if (this.#parked) return TAKEN
    for (const { event } of batch) this.#take(event)
    const atOnce = this.#failuresInRow === 0 && this.#memory.isFull(this.#batchLimits)
    this.#timer.within(atOnce ? 0 : this.#limits.flushMs)
    return TAKEN
  }

  wake(): void {
    this.#retryAt = 0
    this.#failuresInRow = 0
    if (!this.#parked) this.#timer.within(0)
  }

  park(): void {
    if (this.#parked) return
    this.#parked = true
    this.#timer.stop()
    this.#stopWaiting()
    this.#writeStarts()
    if (this.#memory.waiting > 0) this.#spill()
    this.#options.spool?.close()
  }

  async close(): Promise<void> {
    if (this.#parked) return
    const failures = this.#failures
    let late = false
    const cancel = this.#setTimer(() => {
      late = true
      this.#onSettled()
    }, this.#limits.closeMs)
    this.#retryAt = 0
    while (this.stats().waiting > 0 && !late && !this.#parked && this.#failures === failures) {
      this.#run()
      await new Promise<void>((resolve) => {
        this.#onSettled = resolve
      })
    }
    cancel()
    this.park()
  }

  stats(): ShipperStats {
    const { spool } = this.#options
    return {
      numbered: this.#numbered,
      highWater: this.#highWater,
      dropped: this.#lost + this.#memory.dropped + (spool?.dropped ?? 0),
      waiting: this.#starts.size + this.#memory.waiting + (spool?.waiting ?? 0),
      failures: this.#failures,
    }
  }

  #take(event: Event): void {
    if (event.type === 'request.started') {
      if (this.#starts.hold(event)) return
    } else if (event.type === 'request.ended') {
      this.#write(event, this.#starts.take(event.operation))
      return
    }
    this.#writeStarts()
    this.#write(event)
  }

  /** What waited for its end goes without it. */
  #writeStarts(): void {
    for (const event of this.#starts.takeAll()) this.#write(event)
  }

  /** `startedAt`: when the operation started that `event` is the end of, where the end tells of both. */
  #write(event: Event, startedAt?: number): void {
    const seq = ++this.#numbered
    const { mask } = this.#options
    const line = this.#writer.line(seq, mask ? mask(event) : event, startedAt)
    if (line.length > this.#limits.batchBytes) this.#lost++
    else if (!this.#memory.push(seq, line)) {
      this.#spill()
      this.#memory.pushOverOldest(seq, line)
    }
  }

  /** Moves what is in memory to the spool. */
  #spill(): boolean {
    if (!this.#options.spool?.append(this.#memory.all())) return false
    this.#memory.clear()
    return true
  }

  #run(): void {
    if (this.#parked) return
    this.#writeStarts()
    if (this.#sending) {
      // Who lets us wait may never answer, and this process may end before.
      this.#spill()
      return
    }
    const now = this.#options.clock()
    if (now < this.#retryAt) {
      if (this.#memory.waiting > 0) this.#spill()
      this.#timer.within(this.#retryAt - now)
      return
    }
    const lines = this.#next()
    const silentMs = now - this.#aliveAt
    if (lines.count > 0 || silentMs >= this.#limits.heartbeatMs) void this.#send(lines)
    else this.#timer.within(this.#limits.heartbeatMs - silentMs)
  }

  /** The next batch: the spool is always older than the memory. */
  #next(): Lines {
    const { spool } = this.#options
    const spooled = spool && spool.waiting > 0 ? spool.read(this.#batchLimits) : undefined
    return spooled && spooled.count > 0 ? spooled : this.#memory.read(this.#batchLimits)
  }

  async #send(lines: Lines): Promise<void> {
    const { stream, sender, post } = this.#options
    this.#sending = true
    this.#stopWaiting = this.#setTimer(() => this.#guarded(() => this.#run()), this.#limits.flushMs)
    let receipt: Receipt | undefined
    try {
      receipt = await post({ stream, sender, dropped: this.stats().dropped, lines })
    } catch {
      this.#failures++
    }
    this.#stopWaiting()
    this.#sending = false
    if (this.#parked) return
    this.#guarded(() => {
      if (receipt && this.#settle(lines, receipt)) this.#succeeded()
      else this.#failed()
    })
    this.#onSettled()
  }

  /** A fault of ours, or of a spool that breaks its promise, must not end the process that we are a guest in. */
  #guarded(act: () => void): void {
    try {
      act()
    } catch {
      const { maxBackoffMs } = this.#limits
      this.#failures++
      this.#retryAt = this.#options.clock() + maxBackoffMs
      this.#timer.within(maxBackoffMs)
    }
  }

  #succeeded(): void {
    this.#failuresInRow = 0
    this.#retryAt = 0
    this.#aliveAt = this.#options.clock()
    const more = (this.#options.spool?.waiting ?? 0) > 0 || this.#memory.isFull(this.#batchLimits)
    if (more) this.#timer.within(0)
    else this.#timer.within(this.#memory.waiting > 0 ? this.#limits.flushMs : this.#limits.heartbeatMs)
  }

  #failed(): void {
    const { backoffMs, maxBackoffMs } = this.#limits
    const pauseMs = Math.min(maxBackoffMs, backoffMs * 2 ** Math.min(this.#failuresInRow++, 30))
    this.#retryAt = this.#options.clock() + pauseMs * (0.5 + this.#random() / 2)
    this.#run()
  }

  /** False where the receiver answered without taking anything: to send again at once would be a loop. */
  #settle({ count, first, last }: Lines, receipt: Receipt): boolean {
    if (count === 0) return receipt !== 'refused'
    if (receipt === 'refused') this.#lost += count
    const mark = receipt === 'refused' ? last : Math.min(receipt.highWater, last)
    // Written so that a mark that is no number counts as none.
    if (!(mark >= first)) return false
    this.#highWater = mark
    this.#memory.ack(mark)
    this.#options.spool?.ack(mark)
    return true
  }
}
