import type { Body } from './contract.js'
import { BATCH_ITEMS } from './contract.js'

/** Most things that wait to be encoded; the newest beyond it are dropped and counted. */
const QUEUE_LIMIT = 20_000

/** Gathers things that come one by one and has them encoded together, in order. Who brings them waits for nothing. */
export class Feed<I> {
  readonly #lingerMs: number
  readonly #encode: (items: readonly I[]) => Promise<Body | undefined>
  readonly #give: (body: Body) => void
  readonly #onFault: (error: unknown) => void
  #waiting: I[] = []
  #dropped = 0
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined

  /** `lingerMs`: how long a thing waits for others to travel with it. */
  constructor(
    lingerMs: number,
    encode: (items: readonly I[]) => Promise<Body | undefined>,
    give: (body: Body) => void,
    onFault: (error: unknown) => void,
  ) {
    this.#lingerMs = lingerMs
    this.#encode = encode
    this.#give = give
    this.#onFault = onFault
  }

  /** Dropped for want of room, or as they could not be encoded. */
  get dropped(): number {
    return this.#dropped
  }

  get waiting(): number {
    return this.#waiting.length
  }

  /** `lost`: how many more there were for which there was no room before. */
  take(items: readonly I[], lost = 0): void {
    this.#dropped += lost
    for (const item of items) {
      if (this.#waiting.length < QUEUE_LIMIT) this.#waiting.push(item)
      else this.#dropped++
    }
    if (this.#waiting.length >= BATCH_ITEMS) void this.flush()
    else this.#timer ??= setTimeout(() => void this.flush(), this.#lingerMs).unref()
  }

  /** Resolves when all that was taken so far is encoded. */
  flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, BATCH_ITEMS)
      try {
        const body = await this.#encode(batch)
        if (body) this.#give(body)
      } catch (error) {
        this.#dropped += batch.length
        this.#onFault(error)
      }
    }
  }
}
