import type { Sqlite } from './sqlite.js'

/** Transactions, or events, after which the write-ahead file is moved into the database: some 4 MiB of it. */
const EVERY_COMMITS = 100
export const EVERY_EVENTS = 8_000
/** Pause after a checkpoint that failed. Milliseconds. */
const RETRY_MS = 1000

/**
 * Moves the write-ahead file into the database now and then, which is when the disk is asked to keep what was written.
 * SQLite's own checkpoints do the same, and swallow the disk's refusal; these tell it, once for each change, by `tell`
 * (undefined: the disk is well again). What was refused stays in the write-ahead file and is tried again.
 */
export class WalCheckpoints {
  readonly #sqlite: Sqlite
  readonly #tell: (error: unknown) => void
  /** The first commit takes along what a killed process left. */
  #commits = EVERY_COMMITS
  #events = 0
  #failing = false
  #retry: NodeJS.Timeout | undefined

  constructor(sqlite: Sqlite, tell: (error: unknown) => void) {
    this.#sqlite = sqlite
    this.#tell = tell
    sqlite.exec('PRAGMA wal_autocheckpoint = 0')
  }

  /** A transaction that wrote or removed so many events was committed. */
  committed(events: number): void {
    this.#commits++
    this.#events += events
    if (!this.#failing && (this.#commits >= EVERY_COMMITS || this.#events >= EVERY_EVENTS)) this.#run()
  }

  close(): void {
    clearTimeout(this.#retry)
  }

  #run(): void {
    this.#commits = 0
    this.#events = 0
    try {
      // Waits for nobody: what a reader still needs is left for the next time.
      this.#sqlite.rows('PRAGMA wal_checkpoint(PASSIVE)')
      if (this.#failing) this.#tell(undefined)
      this.#failing = false
    } catch (error) {
      if (!this.#failing) this.#tell(error)
      this.#failing = true
      this.#retry = setTimeout(() => this.#run(), RETRY_MS)
    }
  }
}
