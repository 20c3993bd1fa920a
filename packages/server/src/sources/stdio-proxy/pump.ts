import type { Readable, Writable } from 'node:stream'

/** Carries bytes from one stream to another, unchanged, and shows a copy afterwards. */
export interface Pump {
  /** Resolves when all bytes were written out, or the one side or the other is gone. Never rejects. */
  readonly done: Promise<void>
  /** True when the receiving side went away before the end. */
  readonly broken: boolean
  /** True while the receiver is slower than the sender. */
  readonly blocked: boolean
  /** Milliseconds since bytes last came. */
  idleMs(): number
  /** Takes what has come as all there is. */
  cut(): void
}

export interface PumpOptions {
  readonly from: Readable
  readonly to: Writable
  /** Sees each chunk once it is on its way; must not keep it. */
  readonly look: (chunk: Buffer) => void
  /** Monotonic, milliseconds. */
  readonly clock: () => number
}

/**
 * Starts carrying. Written out here rather than by `stream.pipe`, since the look must come after the write, and since a
 * side that goes away must reach the other as it would without us: an end as an end, a break as a break.
 */
export function pump(options: PumpOptions): Pump {
  return new BytePump(options)
}

class BytePump implements Pump {
  readonly done: Promise<void>
  readonly #from: Readable
  readonly #to: Writable
  readonly #options: PumpOptions
  #broken = false
  #blocked = false
  #ended = false
  #lastAt: number

  constructor(options: PumpOptions) {
    this.#options = options
    this.#from = options.from
    this.#to = options.to
    this.#lastAt = options.clock()
    this.done = new Promise((resolve) => {
      this.#to.once('finish', resolve)
      this.#to.once('close', resolve)
    })
    this.#to.on('error', () => this.#break())
    this.#to.once('close', () => this.#break())
    this.#to.on('drain', () => this.#drained())
    this.#from.on('data', (chunk: Buffer) => this.#carry(chunk))
    // A source that breaks is a source that ended: the receiver sees no more than an end either way.
    for (const name of ['end', 'error', 'close'] as const) this.#from.once(name, () => this.cut())
  }

  get broken(): boolean {
    return this.#broken
  }

  get blocked(): boolean {
    return this.#blocked
  }

  idleMs(): number {
    return this.#options.clock() - this.#lastAt
  }

  cut(): void {
    if (this.#ended) return
    this.#ended = true
    this.#to.end()
  }

  #carry(chunk: Buffer): void {
    if (this.#ended) return
    this.#lastAt = this.#options.clock()
    if (!this.#to.write(chunk)) {
      this.#blocked = true
      this.#from.pause()
    }
    this.#options.look(chunk)
  }

  #drained(): void {
    this.#blocked = false
    this.#lastAt = this.#options.clock()
    this.#from.resume()
  }

  #break(): void {
    if (!this.#ended) this.#broken = true
    this.#ended = true
    this.#blocked = false
    this.#from.destroy()
    this.#to.destroy()
  }
}
