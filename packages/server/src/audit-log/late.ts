import type { Draft, VerifierKey } from '../audit/index.js'
import type { WatchedAuditStore } from '../audit-store/index.js'
import { VitalsError, vitalsError } from '../errors/index.js'
import { keyFiles, type LogKeys, openKeys, readTrusted } from './keys.js'
import { type AuditLog, type AuditLogSetup, type AuditReadings, openAuditLog } from './log.js'

/** Pause before a log that could not be opened is tried again: doubled each time. Milliseconds. */
const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 30_000

const NOTHING_YET: Omit<AuditReadings, 'isWritable'> = { rows: 0, unsignedRows: 0, signedRows: 0, anchors: [] }

/** An audit log that opens beside its daemon's start, and is tried again where its disk or database is not there. */
export interface LateAuditLog {
  /** Saves rows; waits for a log that is being opened. Rejects as the store does, and with what keeps the log from opening. */
  record(drafts: readonly Draft[]): Promise<void>
  /** The rows, once the log is open. Rejects with what keeps it from opening. */
  store(): Promise<WatchedAuditStore>
  /** The public keys that its checkpoints may be signed with, as they are now. */
  trusted(): Promise<readonly VerifierKey[]>
  readings(): AuditReadings
  /** Why the log is not open, or what `AuditLog.fault` tells. */
  fault(): VitalsError | undefined
  /** Saves what waits, signs the end, and lets go. Idempotent. */
  close(): Promise<void>
}

export interface LateAuditLogSetup extends AuditLogSetup {
  /** Told of the keys when they were read or made. */
  readonly onKeys: (keys: LogKeys) => void
}

/**
 * Reads or makes the log's keys, and opens the log beside whatever its caller does next: a new file takes some syncs.
 * Rejects with what its owner alone can mend (AUDIT_KEY_INVALID, AUDIT_NAME_INVALID, DATA_DIR_INSECURE).
 */
export async function startAuditLog(setup: LateAuditLogSetup): Promise<LateAuditLog> {
  const keys = await readKeys(setup).catch((error: unknown) => {
    // What no waiting mends: a key or a name that is none, rights that are too wide.
    if (error instanceof VitalsError) throw error
    return undefined
  })
  return new Opening(setup, keys)
}

class Opening implements LateAuditLog {
  readonly #setup: LateAuditLogSetup
  #keys: LogKeys | undefined
  #log: AuditLog | undefined
  #fault: VitalsError | undefined
  #pauseMs = FIRST_PAUSE_MS
  #timer: NodeJS.Timeout | undefined
  /** The try that is under way, or the newest one. Never rejects. */
  #trying: Promise<void>
  #closing: Promise<void> | undefined

  constructor(setup: LateAuditLogSetup, keys: LogKeys | undefined) {
    this.#setup = setup
    this.#keys = keys
    this.#trying = this.#try()
  }

  async record(drafts: readonly Draft[]): Promise<void> {
    await (await this.#opened()).record(drafts)
  }

  async store(): Promise<WatchedAuditStore> {
    return (await this.#opened()).store
  }

  async trusted(): Promise<readonly VerifierKey[]> {
    const { dir, options } = this.#setup
    const { log } = this.#keys ?? (await readKeys(this.#setup))
    return (await readTrusted(keyFiles(dir, options).publicFile)).filter(({ name }) => name === log)
  }

  readings(): AuditReadings {
    return this.#log?.readings() ?? { ...NOTHING_YET, isWritable: this.#fault === undefined }
  }

  fault(): VitalsError | undefined {
    return this.#log ? this.#log.fault() : this.#fault
  }

  close(): Promise<void> {
    clearTimeout(this.#timer)
    this.#closing ??= this.#trying.then(() => this.#log?.close())
    return this.#closing
  }

  async #opened(): Promise<AuditLog> {
    await this.#trying
    if (this.#log) return this.#log
    throw this.#fault
  }

  async #try(): Promise<void> {
    try {
      this.#keys ??= await readKeys(this.#setup)
      this.#log = await openAuditLog(this.#setup, this.#keys)
      this.#fault = undefined
    } catch (error) {
      if (!this.#fault) this.#setup.onFault(registered(error, this.#setup.dir))
      this.#fault = registered(error, this.#setup.dir)
      this.#again()
    }
  }

  #again(): void {
    if (this.#closing) return
    this.#timer = setTimeout(() => {
      this.#trying = this.#try()
    }, this.#pauseMs).unref()
    this.#pauseMs = Math.min(2 * this.#pauseMs, LONGEST_PAUSE_MS)
  }
}

async function readKeys({ dir, options, onKeys }: LateAuditLogSetup): Promise<LogKeys> {
  const keys = await openKeys(dir, options)
  onKeys(keys)
  return keys
}

function registered(error: unknown, dir: string): VitalsError {
  if (error instanceof VitalsError) return error
  const reason = error instanceof Error ? error.message : String(error)
  return vitalsError('AUDIT_FAILED', { store: dir, action: 'have its keys', reason }, error)
}
