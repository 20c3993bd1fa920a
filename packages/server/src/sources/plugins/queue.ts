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

/** One job, before it is in a queue. */
export interface Job<T> {
  /** Whose it is: owners of one priority take turns. */
  readonly owner: string
  /** Waiting jobs of a higher one start first. */
  readonly priority: number
  /** Aborted while it waits, it leaves the queue and never runs. */
  readonly signal: AbortSignal
  readonly run: () => Promise<T>
}

/** More jobs wait than may. */
export class QueueFull extends Error {}
/** The job was cancelled before it ran. */
export class JobCancelled extends Error {}

interface Waiting {
  readonly owner: string
  readonly enteredAt: number
  start(): void
}

/** Jobs of one plugin: so many run at a time, and the others wait, by priority and then in turns by owner. */
export class JobQueue {
  readonly #options: QueueOptions
  /** Priority → owner → jobs. The first owner is the next one to have a turn. */
  readonly #lanes = new Map<number, Map<string, Waiting[]>>()
  #size = 0
  #running = 0

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
    if (!isFree && this.#size >= maxWaiting()) {
      this.#tell('refused', owner)
      return Promise.reject(new QueueFull())
    }
    return new Promise<T>((resolve, reject) => {
      const enteredAt = clock()
      const leave = () => {
        this.#take(priority, waiting)
        this.#tell('cancelled', owner)
        reject(new JobCancelled())
      }
      const waiting: Waiting = {
        owner,
        enteredAt,
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
      this.#put(priority, waiting)
      this.#tell('entered', owner)
      this.#next()
    })
  }

  #next(): void {
    while (this.#running < this.#options.concurrency() && this.#size > 0) {
      const priority = Math.max(...this.#lanes.keys())
      const [, [waiting]] = this.#lanes.get(priority)!.entries().next().value as [string, [Waiting]]
      this.#take(priority, waiting)
      waiting.start()
    }
  }

  #put(priority: number, waiting: Waiting): void {
    const lane = this.#lanes.get(priority) ?? new Map<string, Waiting[]>()
    this.#lanes.set(priority, lane)
    const jobs = lane.get(waiting.owner)
    if (jobs) jobs.push(waiting)
    else lane.set(waiting.owner, [waiting])
    this.#size++
  }

  /** Takes a job out. Its owner goes behind the others. */
  #take(priority: number, waiting: Waiting): void {
    const lane = this.#lanes.get(priority)!
    const jobs = lane.get(waiting.owner)!
    jobs.splice(jobs.indexOf(waiting), 1)
    lane.delete(waiting.owner)
    if (jobs.length > 0) lane.set(waiting.owner, jobs)
    if (lane.size === 0) this.#lanes.delete(priority)
    this.#size--
  }

  #tell(action: JobAction, owner: string, waitMs?: number): void {
    this.#options.onAction(action, owner, this.#size, waitMs)
  }
}
