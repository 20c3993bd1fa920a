import { VitalsError, vitalsError } from '../errors/index.js'
import { reasonOf } from '../sqlite/index.js'
import { type Failure, failureOf } from '../threads/index.js'
import { writeArchive } from './archive.js'
import type { LogDatabase } from './database.js'
import { packRows } from './packed.js'
import type { Call, Calls, Message, Part, Request } from './protocol.js'
import { treeOf } from './tree.js'

export interface ServeSetup {
  readonly database: LogDatabase
  readonly log: string
  /** How the place is named to people. */
  readonly shown: string
  readonly post: (message: Message) => void
  /** Called when nothing more will be answered: the database was closed, or failed in a way that only a new start mends. */
  readonly onEnd: () => void
}

/**
 * Answers requests one by one, in their order, but for those that come between the parts of a transaction: they wait for its
 * end. Whatever the database refuses while it writes ends the thread: after a failed sync nobody knows what the disk
 * holds, so the next thread looks first.
 */
export class Committer {
  readonly #setup: ServeSetup
  readonly #waiting: (Request | Part)[] = []
  #busy = false
  #ended = false
  /** Parts of the transaction that is under way. */
  #parts = 0

  constructor(setup: ServeSetup) {
    this.#setup = setup
  }

  take(asked: Request | Part): void {
    this.#waiting.push(asked)
    if (!this.#busy) void this.#work()
  }

  async #work(): Promise<void> {
    this.#busy = true
    for (let next = this.#next(); next && !this.#ended; next = this.#next())
      await ('call' in next ? this.#answer(next) : this.#add(next))
    this.#busy = false
  }

  #next(): Request | Part | undefined {
    const at = this.#parts === 0 ? 0 : this.#waiting.findIndex((asked) => !('call' in asked) || asked.call === 'append')
    return at < 0 ? undefined : this.#waiting.splice(at, 1)[0]
  }

  async #add({ drafts }: Part): Promise<void> {
    this.#parts++
    try {
      await this.#setup.database.add(drafts)
    } catch (error) {
      this.#fatal(this.#failure(error, ACTIONS.append))
    }
  }

  async #answer(request: Request): Promise<void> {
    const { post, database } = this.#setup
    const { id, call } = request
    try {
      post({ kind: 'reply', id, value: await this.#replyTo(request) })
      if (WRITES.has(call)) await database.settle()
    } catch (error) {
      const failure = this.#failure(error, ACTIONS[call])
      post({ kind: 'failed', id, failure })
      if (WRITES.has(call)) this.#fatal(failure)
    }
    if (call === 'close') this.#end()
  }

  #fatal(failure: Failure): void {
    this.#setup.post({ kind: 'fatal', failure })
    this.#end()
  }

  #failure(error: unknown, action: string): Failure {
    if (error instanceof VitalsError) return failureOf(error)
    return failureOf(vitalsError('AUDIT_FAILED', { store: this.#setup.shown, action, reason: reasonOf(error) }, error))
  }

  #end(): void {
    this.#ended = true
    this.#setup.onEnd()
  }

  async #replyTo(request: Request): Promise<Calls[Call]['reply']> {
    const { database, log } = this.#setup
    switch (request.call) {
      case 'append':
        return this.#append(request)
      case 'page':
        return packRows(await database.page(request.fromSeq, request.toSeq))
      case 'end':
        return database.end()
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

  async #append({ parts, drafts }: Calls['append']['request']): Promise<Calls['append']['reply']> {
    const { database } = this.#setup
    if (parts !== this.#parts) throw new Error(`of ${parts} parts before it ${this.#parts} came`)
    this.#parts = 0
    await database.add(drafts)
    return database.commit()
  }
}

/** Calls after whose failure nobody knows what the disk holds. */
const WRITES: ReadonlySet<Call> = new Set(['append', 'saveCheckpoint', 'saveSegment', 'dropArchived', 'erase'])

const ACTIONS: Readonly<Record<Call, string>> = {
  append: 'save rows',
  page: 'read rows',
  end: 'read rows',
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
