import { join } from 'node:path'
import { createCheckpointSchedule, type Draft, openCheckpoint, signCheckpoint } from '../audit/index.js'
import { openAuditStore, type Place, type WatchedAuditStore } from '../audit-store/index.js'
import type { VitalsError } from '../errors/index.js'
import { Anchoring, type AnchorReadings, createAnchors, type Kept } from './anchors/index.js'
import { Archiving } from './archiving.js'
import { LiveKeys, type LogKeys } from './keys.js'
import type { AuditOptions } from './options.js'

/** How long a checkpoint that could not be kept is waited for before the next is tried. Milliseconds. */
const RETRY_MS = 1000
/** Longest time between two looks at whether a checkpoint is due. Milliseconds. */
const MOST_WAIT_MS = 60_000

export interface AuditReadings {
  /** Rows that this process saved. */
  readonly rows: number
  /** Rows that no checkpoint covers yet. */
  readonly unsignedRows: number
  /** When the newest checkpoint was made: seconds since 1970. Absent where none is known of. */
  readonly signedAtSeconds?: number
  /** Whether the last write worked. */
  readonly isWritable: boolean
  /** How far each anchor is. */
  readonly anchors: readonly AnchorReadings[]
  /** Rows that the newest checkpoint covers. */
  readonly signedRows: number
}

/** The audit log of a daemon: a store, its keys, and checkpoints in time. */
export interface AuditLog {
  /** As they are now: a key that is put in the place of the private one signs from the next checkpoint on. */
  readonly keys: LogKeys
  readonly store: WatchedAuditStore
  /** Saves rows; resolves when they are durable. Rejects as the store does. */
  record(drafts: readonly Draft[]): Promise<void>
  /** Signs the log as it stands, and keeps the note. */
  checkpoint(): Promise<string>
  readings(): AuditReadings
  /** Why the last write failed, or a checkpoint could not be made. */
  fault(): VitalsError | undefined
  /** Saves what waits, signs the end, and lets go. Idempotent. */
  close(): Promise<void>
}

/** Names in the state directory of the log's file, and of the one that tells which definitions of tools were seen. */
export const AUDIT_FILE = 'audit.db'
export const SEEN_FILE = 'tools-seen.json'

/** Where the log of a configuration lies. */
export function placeOf(
  dir: string,
  { postgres, postgresSchema }: Pick<AuditOptions, 'postgres' | 'postgresSchema'>,
): Place {
  return postgres === undefined ? { sqlite: join(dir, AUDIT_FILE) } : { postgres, schema: postgresSchema }
}

export interface AuditLogSetup {
  /** The state directory. */
  readonly dir: string
  readonly options: AuditOptions
  /** Milliseconds since 1970: what checkpoints say. */
  readonly now: () => number
  /** Milliseconds by a clock that never jumps: when they are due. */
  readonly clock: () => number
  readonly onFault: (error: VitalsError) => void
}

/** Opens the log of these keys, making what is not there. Rejects as `openAuditStore` does. */
export async function openAuditLog(setup: AuditLogSetup, keys: LogKeys): Promise<AuditLog> {
  const { dir, options, now, clock, onFault } = setup
  const store = await openAuditStore({ place: placeOf(dir, options), log: keys.log, onFault })
  const anchoring = new Anchoring({
    anchors: createAnchors(options.anchors, dir, now),
    tree: store.tree(),
    clock,
    onFault,
    onCosigned: (kept, lines) => signing.cosigned(kept, lines),
  })
  const live = await LiveKeys.watch({ dir, options, keys, onFault: (error) => onFault(error as VitalsError) })
  const signing: Signing = new Signing({ store, anchoring, live, options, now, clock, onFault })
  const archiving = new Archiving({ store, options: options.archive, dir, now, onFault })
  await signing.start()
  // A database may be shared, and this machine's disk is no place for what others look for there.
  const archives = options.postgres === undefined || options.archive.dir !== undefined
  if (archives) archiving.start()
  let closing: Promise<void> | undefined
  return {
    get keys() {
      return live.keys
    },
    store,
    async record(drafts) {
      await store.append(drafts)
      signing.look()
      if (archives) archiving.look()
    },
    checkpoint: () => signing.sign(),
    readings() {
      const { committedRows, size } = store.stats()
      const newest = signing.newest()
      return {
        rows: committedRows,
        unsignedRows: Math.max(0, size - (newest?.size ?? 0)),
        ...(newest && { signedAtSeconds: newest.atSeconds }),
        isWritable: store.fault() === undefined,
        anchors: anchoring.readings(),
        signedRows: newest?.size ?? 0,
      }
    },
    fault: () => store.fault() ?? signing.fault(),
    close() {
      closing ??= signing
        .stop()
        .then(() => Promise.all([anchoring.stop(), archiving.stop()]))
        .then(() => store.close())
      return closing
    },
  }
}

interface SigningSetup extends Omit<AuditLogSetup, 'dir'> {
  readonly store: WatchedAuditStore
  readonly anchoring: Anchoring
  readonly live: LiveKeys
}

/** Makes checkpoints in time, one after the other. */
class Signing {
  readonly #setup: SigningSetup
  readonly #schedule: ReturnType<typeof createCheckpointSchedule>
  #newest: { readonly size: number; readonly atSeconds: number } | undefined
  #timer: NodeJS.Timeout | undefined
  #running: Promise<string> | undefined
  #fault: VitalsError | undefined
  /** The newest checkpoint, with what witnesses put below it. */
  #kept: Kept | undefined
  #isOver = false

  constructor(setup: SigningSetup) {
    this.#setup = setup
    this.#schedule = createCheckpointSchedule(setup.options.checkpoints)
  }

  async start(): Promise<void> {
    const { store, live } = this.#setup
    const found = await store.newestCheckpoint()
    const opened = found && openCheckpoint(found.note, live.keys.log, live.keys.trusted)
    if (opened && typeof opened !== 'string') this.#newest = { size: opened.size, atSeconds: opened.timeSeconds }
    this.look()
  }

  newest() {
    return this.#newest
  }

  fault(): VitalsError | undefined {
    return this.#fault
  }

  /** Rows were added, or time went by. */
  look(): void {
    if (this.#isOver || this.#running) return
    const { store, clock } = this.#setup
    const dueInMs = this.#schedule.dueInMs(store.stats().size, clock())
    clearTimeout(this.#timer)
    if (dueInMs > 0) this.#wait(Math.min(dueInMs, MOST_WAIT_MS))
    else void this.sign().catch(() => this.#wait(RETRY_MS))
  }

  #wait(ms: number): void {
    this.#timer = setTimeout(() => this.look(), ms).unref()
  }

  /** Signs after what is being signed. */
  async sign(): Promise<string> {
    while (this.#running) await this.#running.catch(() => {})
    this.#running = this.#make()
    try {
      const note = await this.#running
      this.#fault = undefined
      return note
    } catch (error) {
      if (!this.#fault) this.#setup.onFault(error as VitalsError)
      this.#fault = error as VitalsError
      throw error
    } finally {
      this.#running = undefined
      if (!this.#fault) this.look()
    }
  }

  async #make(): Promise<string> {
    const { store, anchoring, live, now, clock } = this.#setup
    const head = await store.head()
    const { size } = head.frontier
    const atSeconds = Math.floor(now() / 1000)
    const note = signCheckpoint(head, atSeconds, await live.signers())
    await store.saveCheckpoint({ size, note })
    this.#schedule.made(size, clock())
    this.#newest = { size, atSeconds }
    this.#kept = { size, note }
    anchoring.offer({ size, note })
    return note
  }

  /** A witness signed: its lines are kept below the checkpoint, unless there is a newer one by now. */
  cosigned({ note }: Kept, lines: string): void {
    const kept = this.#kept
    if (!kept?.note.startsWith(note)) return
    this.#kept = { size: kept.size, note: kept.note + lines }
    // What cannot be kept here, its witness knows.
    this.#setup.store.saveCheckpoint(this.#kept).catch(() => {})
  }

  /** Signs what is left, once. */
  async stop(): Promise<void> {
    this.#isOver = true
    clearTimeout(this.#timer)
    await this.#running?.catch(() => {})
    if (this.#setup.store.stats().size > (this.#newest?.size ?? -1)) await this.sign().catch(() => {})
  }
}
