/** What became of a job, in the words of `queue` events. */
export type JobAction = 'entered' | 'started' | 'left' | 'refused' | 'cancelled'

export interface QueueOptions {
  /** Jobs that run at a time. */
  readonly concurrency: () => number
  /** Jobs that may wait. */
  readonly maxWaiting: () => number
  /** Monotonic milliseconds. */
  readonly clock: () => number
  /** `waitMs`: of a job that started. `size`: jobs that wait after it. */
  readonly onAction: (action: JobAction, owner: string, size: number, waitMs?: number) => void
}

/** Of so many jobs that start while some of a lower priority wait, one is of these: nobody waits for ever. */
export const TURNS_OF_HIGHER = 4

/** One job, before it is in a queue. */
export interface Job<T> {
  /** Whose it is: owners of one priority take turns. */
  readonly owner: string
  /** Waiting jobs of a higher one start first, but for one in {@link TURNS_OF_HIGHER}. */
  readonly priority: number
  /** Aborted while it waits, it leaves the queue and never runs. */
  readonly signal: AbortSignal
  readonly run: () => Promise<T>
}

/** More jobs wait than may. Where others have fewer, this is the end of the newest of who has most. */
export class QueueFull extends Error {}
/** The job was cancelled before it ran. */
export class JobCancelled extends Error {}

interface Waiting {
  readonly owner: string
  readonly priority: number
  readonly enteredAt: number
  start(): void
  /** Makes room for a job of another, and never runs. */
  refuse(): void
}

/**
 * Jobs of one plugin: so many run at a time, and the others wait, by priority and then in turns by owner. Whoever asks a
 * thousand times, at whatever priority, delays the others and keeps none of them out.
 */
export class JobQueue {
  readonly #options: QueueOptions
  /** Priority → owner → jobs. The first owner is the next one to have a turn. */
  readonly #lanes = new Map<number, Map<string, Waiting[]>>()
  /** Owner → how many of its jobs wait. */
  readonly #waiting = new Map<string, number>()
  #size = 0
  #running = 0
  /** Jobs that started one after another while some of a lower priority waited. */
  #turns = 0

  constructor(options: QueueOptions) {
    this.#options = options
  }

  /** Jobs that wait. */
  get size(): number {
    return this.#size
  }

  /** Resolves or rejects as the job does; rejects with QueueFull, or JobCancelled where it never ran. */
  add<T>({ owner, priority, signal, run }: Job<T>): Promise<T> {
    const { concurrency, maxWaiting, clock } = this.#options
    if (signal.aborted) return Promise.reject(new JobCancelled())
    // One that need not wait is never refused.
    const isFree = this.#running < concurrency() && this.#size === 0
    if (!isFree && this.#size >= maxWaiting() && !this.#makeRoom(owner)) {
      this.#tell('refused', owner)
      return Promise.reject(new QueueFull())
    }
    return new Promise<T>((resolve, reject) => {
      const enteredAt = clock()
      const leave = () => {
        this.#take(waiting)
        this.#tell('cancelled', owner)
        reject(new JobCancelled())
      }
      const waiting: Waiting = {
        ...{ owner, priority, enteredAt },
        refuse: () => {
          signal.removeEventListener('abort', leave)
          this.#take(waiting)
          this.#tell('refused', owner)
          reject(new QueueFull())
        },
        start: () => {
          signal.removeEventListener('abort', leave)
          this.#running++
          this.#tell('started', owner, Math.max(0, clock() - enteredAt))
          run()
            .then(resolve, reject)
            .finally(() => {
              this.#running--
              this.#tell('left', owner)
              this.#next()
            })
        },
      }
      signal.addEventListener('abort', leave, { once: true })
      this.#put(waiting)
      this.#tell('entered', owner)
      this.#next()
    })
  }

  #next(): void {
    while (this.#running < this.#options.concurrency() && this.#size > 0) {
      const [, [waiting]] = this.#lanes.get(this.#priority())!.entries().next().value as [string, [Waiting]]
      this.#take(waiting)
      waiting.start()
    }
  }

  /** Whose turn it is: the highest, and now and then the one below it in which somebody waits longest. */
  #priority(): number {
    const highest = Math.max(...this.#lanes.keys())
    const below = [...this.#lanes].filter(([priority]) => priority !== highest)
    this.#turns = below.length === 0 ? 0 : (this.#turns + 1) % TURNS_OF_HIGHER
    if (below.length === 0 || this.#turns !== 0) return highest
    const since = (lane: ReadonlyMap<string, readonly Waiting[]>) =>
      [...lane.values()].reduce((oldest, [first]) => Math.min(oldest, first!.enteredAt), Number.POSITIVE_INFINITY)
    return below.reduce((one, other) => (since(other[1]) < since(one[1]) ? other : one))[0]
  }

  /** Refuses the newest job of whoever has most, where that leaves him no fewer than this owner will have. */
  #makeRoom(owner: string): boolean {
    const [most, jobs] = [...this.#waiting].reduce((one, other) => (other[1] > one[1] ? other : one), ['', 0])
    if (jobs <= (this.#waiting.get(owner) ?? 0) + 1) return false
    const lanes = [...this.#lanes].sort(([one], [other]) => one - other)
    lanes
      .find(([, lane]) => lane.has(most))?.[1]
      .get(most)
      ?.at(-1)
      ?.refuse()
    return true
  }

  #put(waiting: Waiting): void {
    const { owner, priority } = waiting
    const lane = this.#lanes.get(priority) ?? new Map<string, Waiting[]>()
    this.#lanes.set(priority, lane)
    const jobs = lane.get(owner)
    if (jobs) jobs.push(waiting)
    else lane.set(owner, [waiting])
    this.#count(owner, 1)
  }

  /** Takes a job out. Its owner goes behind the others. */
  #take(waiting: Waiting): void {
    const { owner, priority } = waiting
    const lane = this.#lanes.get(priority)!
    const jobs = lane.get(owner)!
    jobs.splice(jobs.indexOf(waiting), 1)
    lane.delete(owner)
    if (jobs.length > 0) lane.set(owner, jobs)
    if (lane.size === 0) this.#lanes.delete(priority)
    this.#count(owner, -1)
  }

  #count(owner: string, change: 1 | -1): void {
    this.#size += change
    const waiting = (this.#waiting.get(owner) ?? 0) + change
    if (waiting > 0) this.#waiting.set(owner, waiting)
    else this.#waiting.delete(owner)
  }

  #tell(action: JobAction, owner: string, waitMs?: number): void {
    this.#options.onAction(action, owner, this.#size, waitMs)
  }
}
