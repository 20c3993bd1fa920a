import { VitalsError, vitalsError } from '../errors/index.js'
import { reasonOf } from '../sqlite/index.js'
import { type Failure, failureOf } from '../threads/index.js'
import { writeArchive } from './archive.js'
import type { LogDatabase } from './database.js'
import { isWhole, packRows } from './packed.js'
import type { PackedDrafts } from './packed-drafts.js'
import type { Call, Calls, Message, Request } from './protocol.js'
import { treeOf } from './tree.js'

export interface ServeSetup {
  readonly database: LogDatabase
  readonly log: string
  /** How the place is named to people. */
  readonly shown: string
  readonly post: (message: Message, transfer?: readonly ArrayBuffer[]) => void
  /** Called when nothing more will be answered: the database was closed, or failed in a way that only a new start mends. */
  readonly onEnd: () => void
}

/**
 * Answers requests one by one, in their order; rows that are to be appended are sealed while those before are on their way to the disk. Whatever the database refuses while it writes ends the thread: after a
 * failed sync nobody knows what the disk holds, so the next thread looks first.
 */
export class Committer {
  readonly #setup: ServeSetup
  readonly #waiting: Request[] = []
  #busy = false
  #ended = false
  /** What was asked for last and is being answered. */
  #under: Promise<void> = Promise.resolve()

  constructor(setup: ServeSetup) {
    this.#setup = setup
  }

  take(request: Request): void {
    this.#waiting.push(request)
    if (!this.#busy) void this.#work()
  }

  async #work(): Promise<void> {
    this.#busy = true
    for (let next = this.#waiting.shift(); next && !this.#ended; next = this.#waiting.shift()) {
      const before = this.#under
      if (next.call !== 'append') await before
      if (this.#ended) break
      this.#under = this.#answer(next, before)
      await before
    }
    this.#busy = false
  }

  /** `before` settles when what was asked for before is done with. */
  async #answer(request: Request, before: Promise<void>): Promise<void> {
    const { post, database } = this.#setup
    const { id, call } = request
    try {
      const value = await this.#replyTo(request, before)
      post({ kind: 'reply', id, value }, givenAway(value))
      if (WRITES.has(call)) await database.settle()
    } catch (error) {
      const failure = this.#failure(error, ACTIONS[call])
      post({ kind: 'failed', id, failure })
      if (WRITES.has(call)) {
        post({ kind: 'fatal', failure })
        this.#end()
      }
    }
    if (call === 'close') this.#end()
  }

  #failure(error: unknown, action: string): Failure {
    if (error instanceof VitalsError) return failureOf(error)
    return failureOf(vitalsError('AUDIT_FAILED', { store: this.#setup.shown, action, reason: reasonOf(error) }, error))
  }

  #end(): void {
    this.#ended = true
    this.#setup.onEnd()
  }

  async #replyTo(request: Request, before: Promise<void>): Promise<Calls[Call]['reply']> {
    const { database, log } = this.#setup
    switch (request.call) {
      case 'append':
        return this.#append(request.drafts, before)
      case 'page':
        return packRows(await database.page(request.fromSeq, request.toSeq))
      case 'find': {
        const { rows, next } = await database.find(request.filter)
        return { rows: packRows(rows), ...(next !== undefined && { next }) }
      }
      case 'head':
        return database.head()
      case 'hashes':
        return treeOf(database).hashes(request.level, request.from, request.to)
      case 'saveCheckpoint':
        await database.saveCheckpoint({ size: request.size, note: request.note })
        return null
      case 'newestCheckpoint':
        return (await database.newestCheckpoint(request.upToSize)) ?? null
      case 'checkpoints':
        return database.checkpoints(request.fromSize)
      case 'writeArchive':
        return (await writeArchive(database, log, request.beforeSeq, request.dir)) ?? null
      case 'saveSegment':
        await database.saveSegment(request.segment)
        return null
      case 'dropArchived':
        return { more: await database.dropArchived() }
      case 'segments':
        return database.segments()
      case 'openings':
        return database.openings(request.seq)
      case 'erase':
        return database.erase(request.refs)
      case 'close':
        await database.close()
        return null
    }
  }

  async #append(drafts: PackedDrafts, before: Promise<void>): Promise<Calls['append']['reply']> {
    const turn = before.then(() => {
      if (this.#ended) throw new Error('the rows before could not be saved')
    })
    const { rows, size, times } = await this.#setup.database.append(drafts, turn)
    return { rows: packRows(rows), size, ...(times && { times }) }
  }
}

/** What of a reply need not be copied: rows that have memory of their own. */
function givenAway(value: Calls[Call]['reply']): readonly ArrayBuffer[] {
  const rows =
    typeof value === 'object' && value !== null && 'size' in value && 'rows' in value ? value.rows : undefined
  return rows && isWhole(rows.bytes) ? [rows.bytes.buffer as ArrayBuffer] : []
}

/** Calls after whose failure nobody knows what the disk holds. */
const WRITES: ReadonlySet<Call> = new Set(['append', 'saveCheckpoint', 'saveSegment', 'dropArchived', 'erase'])

const ACTIONS: Readonly<Record<Call, string>> = {
  append: 'save rows',
  page: 'read rows',
  find: 'search for rows',
  head: 'tell where it ends',
  hashes: 'read its tree',
  saveCheckpoint: 'keep a checkpoint',
  newestCheckpoint: 'read checkpoints',
  checkpoints: 'read checkpoints',
  writeArchive: 'write an archive',
  saveSegment: 'note an archive',
  dropArchived: 'let go of archived rows',
  segments: 'tell its archives',
  openings: 'open commitments',
  erase: 'erase values',
  close: 'be closed',
}
