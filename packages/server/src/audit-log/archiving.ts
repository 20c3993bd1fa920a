import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { DAEMON_ORIGIN, type Draft, parseRow } from '../audit/index.js'
import type { WatchedAuditStore } from '../audit-store/index.js'
import { VitalsError, vitalsError } from '../errors/index.js'
import type { AuditOptions } from './options.js'

/** What the oldest rows are moved by: a tenth of those that are kept, so that files are few. */
const PART = 10
/** How often it is looked whether rows have come of age. Milliseconds. */
const AGE_EVERY_MS = 3_600_000
const DAY_MS = 86_400_000
/** Rows among which one of our own is looked for: the times of others' rows are their word. */
const ROWS_LOOKED_AT = 100
/** Name of the archive's directory in the state directory. */
const DIRECTORY = 'audit-archive'

export interface ArchivingSetup {
  readonly store: WatchedAuditStore
  readonly options: AuditOptions['archive']
  /** The state directory. */
  readonly dir: string
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly onFault: (error: VitalsError) => void
}

/** Moves rows that are many or old out of the store, into files that a verifier still goes through. */
export class Archiving {
  readonly #setup: ArchivingSetup
  /** Where the rows begin that the store holds, as far as it was looked at. */
  #first: number | undefined
  #running: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #isFailing = false
  #isOver = false

  constructor(setup: ArchivingSetup) {
    this.#setup = setup
  }

  start(): void {
    this.look()
    if (this.#setup.options.keepDays === undefined) return
    this.#run(() => this.#byAge())
    this.#timer = setInterval(() => this.#run(() => this.#byAge()), AGE_EVERY_MS).unref()
  }

  /** Rows were added. */
  look(): void {
    const { keepRows } = this.#setup.options
    const { size } = this.#setup.store.stats()
    if (size - (this.#first ?? 0) > keepRows) this.#run(() => this.#bySize())
  }

  /** Resolves when a part that is being moved has been. */
  async stop(): Promise<void> {
    this.#isOver = true
    clearInterval(this.#timer)
    await this.#running
  }

  #run(work: () => Promise<void>): void {
    if (this.#isOver || this.#running) return
    this.#running = work()
      .then(
        () => {
          this.#isFailing = false
        },
        (error: unknown) => this.#failed(error),
      )
      .finally(() => {
        this.#running = undefined
      })
  }

  async #bySize(): Promise<void> {
    const { store, options } = this.#setup
    this.#first ??= await this.#begin()
    const { size } = store.stats()
    if (size - this.#first > options.keepRows)
      await this.#move(size - Math.ceil((options.keepRows * (PART - 1)) / PART))
  }

  async #byAge(): Promise<void> {
    const { store, options, now } = this.#setup
    const until = new Date(now() - (options.keepDays ?? 0) * DAY_MS).toISOString()
    const { rows } = await store.find({ until, limit: ROWS_LOOKED_AT })
    const own = rows.find(({ bytes }) => parseRow(bytes).origin === DAEMON_ORIGIN)
    if (own) await this.#move(own.seq + 1)
  }

  async #move(beforeSeq: number): Promise<void> {
    const { store, options, dir, now } = this.#setup
    const segment = await store.archive(beforeSeq, options.dir ?? join(dir, DIRECTORY))
    if (!segment) return
    const { first, end } = segment
    this.#first = end.frontier.size
    await store.append([movedRow(first, this.#first, now())])
  }

  async #begin(): Promise<number> {
    return (await this.#setup.store.segments()).at(-1)?.end.frontier.size ?? 0
  }

  /** Told once for each time that it begins to fail; it is tried again with the next rows. */
  #failed(error: unknown): void {
    if (this.#isFailing) return
    this.#isFailing = true
    const { onFault, dir, options } = this.#setup
    const reason = error instanceof Error ? error.message : String(error)
    const told = { store: options.dir ?? join(dir, DIRECTORY), action: 'take an archive', reason }
    onFault(error instanceof VitalsError ? error : vitalsError('AUDIT_FAILED', told, error))
  }
}

function movedRow(first: number, size: number, at: number): Draft {
  const [id, timestamp] = [randomUUID(), new Date(at).toISOString()]
  const what = { eventType: 'ARCHIVE', actor: 'system', target: '', details: { first, size } } as const
  return { id, timestamp, ...what, origin: DAEMON_ORIGIN }
}
