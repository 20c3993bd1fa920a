import { EVERY_EVENTS, WalCheckpoints } from '../sqlite/index.js'
import { type Block, joinBlocks } from './blocks.js'
import { type CallSlots, createCallSlots } from './call-slots.js'
import type { EventDatabase } from './database.js'
import { toFailure } from './failure.js'
import { createHistoryTables, type HistoryTables } from './history.js'
import type { StoreOptions } from './options.js'
import type { Call, Calls, Message, Request } from './protocol.js'
import { createRetention, type Retention } from './retention.js'
import { createSamples, type Samples } from './samples.js'

/** Most events of one transaction, where one request alone has no more. */
const GROUP_EVENTS = 500
/** How often the bounds are looked after, and after how many new events at the latest. */
const RETENTION_EVERY_MS = 60_000
const RETENTION_EVERY_EVENTS = 10_000

type Write = Extract<Request, { call: 'append' | 'appendStream' }>
type Question = Exclude<Request, Write>

export interface CommitterSetup {
  readonly database: EventDatabase
  readonly file: string
  readonly options: StoreOptions
  readonly post: (message: Message) => void
  /** Called after everything that was asked for is done and `close` was answered. */
  readonly onClosed: () => void
}

/**
 * Answers requests in their order. Writes that wait together are committed together, and nothing is held back to make
 * a group larger: while one group is on its way to the disk, the next one gathers in the port.
 */
export class Committer {
  readonly #setup: CommitterSetup
  readonly #retention: Retention
  readonly #samples: Samples
  readonly #history: HistoryTables
  readonly #calls: CallSlots
  readonly #checkpoints: WalCheckpoints
  readonly #timer: NodeJS.Timeout
  readonly #waiting: Request[] = []
  #scheduled = false
  #retaining = true
  #sinceRetention = 0
  #commits = 0
  #committedEvents = 0

  constructor(setup: CommitterSetup) {
    this.#setup = setup
    const { database, file, post } = setup
    this.#checkpoints = new WalCheckpoints(database.sqlite, (error) =>
      post({ kind: 'disk', ...(error !== undefined && { failure: toFailure(error, file, 'be synced') }) }),
    )
    this.#samples = createSamples(database.sqlite)
    this.#history = createHistoryTables(database.sqlite)
    this.#calls = createCallSlots(database.sqlite)
    this.#retention = createRetention(database.sqlite, setup.options, Date.now)
    this.#timer = setInterval(() => {
      this.#retaining = true
      this.#schedule()
    }, RETENTION_EVERY_MS)
    this.#schedule()
  }

  /** Takes one request; its answer is posted when it is done. */
  take(request: Request): void {
    this.#waiting.push(request)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => this.#turn())
  }

  #turn(): void {
    this.#scheduled = false
    const group = takeGroup(this.#waiting)
    if (group.length > 0) this.#commit(group)
    else if (this.#waiting.length > 0) this.#answer(this.#waiting.shift() as Question)
    if (this.#retaining) this.#retain()
    if (this.#waiting.length > 0 || this.#retaining) this.#schedule()
  }

  #commit(group: readonly Write[]): void {
    const { database, file, post } = this.#setup
    try {
      const replies = database.transaction(() => writeAll(database, group))
      this.#commits++
      for (const [index, { id }] of group.entries()) post({ kind: 'reply', id, value: replies[index]! })
    } catch (error) {
      const failure = toFailure(error, file, 'save events')
      for (const { id } of group) post({ kind: 'failed', id, failure })
      return
    }
    const events = group.reduce((sum, { rows }) => sum + rows, 0)
    this.#committedEvents += events
    this.#sinceRetention += events
    this.#checkpoints.committed(events)
    if (this.#sinceRetention >= RETENTION_EVERY_EVENTS) this.#retaining = true
  }

  #answer(request: Question): void {
    const { file, post, onClosed } = this.#setup
    try {
      post({ kind: 'reply', id: request.id, value: this.#replyTo(request) })
    } catch (error) {
      post({ kind: 'failed', id: request.id, failure: toFailure(error, file, ACTIONS[request.call]) })
    }
    if (request.call !== 'close') return
    clearInterval(this.#timer)
    this.#checkpoints.close()
    this.#retaining = false
    onClosed()
  }

  #replyTo(request: Question): Calls[Call]['reply'] {
    const { database } = this.#setup
    switch (request.call) {
      case 'mark':
        return database.mark(request.stream)
      case 'page':
        return database.page(request)
      case 'keepSamples':
        this.#samples.keep(request.changes)
        // A block may be some megabytes.
        this.#checkpoints.committed(EVERY_EVENTS)
        return null
      case 'sampleSeries':
        return this.#samples.series(request.after)
      case 'sampleBlocks':
        return this.#samples.blocks(request.after)
      case 'ruleStates':
        return this.#samples.rules()
      case 'keepHistory':
        this.#history.keep(request.rows)
        this.#checkpoints.committed(request.rows.days.length)
        return null
      case 'historyKept':
        return this.#history.kept()
      case 'historyDays':
        return this.#history.days(request.query)
      case 'historyTimes':
        return this.#history.times(request.firstDay)
      case 'incidents':
        return this.#history.incidents(request.query)
      case 'keepCalls':
        this.#calls.keep(request.changes)
        this.#checkpoints.committed(request.changes.rows.length)
        return null
      case 'callRows':
        return this.#calls.page(request.after)
      case 'tryWrite':
        database.transaction(() =>
          database.sqlite.exec(`PRAGMA user_version = ${database.sqlite.value('PRAGMA user_version')}`),
        )
        this.#checkpoints.committed(0)
        return null
      case 'stats':
        return {
          ...database.stats(),
          commits: this.#commits,
          committedEvents: this.#committedEvents,
          removedEvents: this.#retention.removed(),
        }
      case 'close':
        database.checkpoint()
        return null
    }
  }

  #retain(): void {
    const { file, post } = this.#setup
    this.#sinceRetention = 0
    try {
      const before = this.#retention.removed()
      this.#retaining = this.#retention.step()
      this.#checkpoints.committed(this.#retention.removed() - before)
    } catch (error) {
      this.#retaining = false
      post({ kind: 'fault', failure: toFailure(error, file, 'remove old events') })
    }
  }
}

/** Writes in their order, what follows each other without a stream as one. Returns each one's reply. */
function writeAll(database: EventDatabase, group: readonly Write[]): Calls['append' | 'appendStream']['reply'][] {
  const replies: Calls['append' | 'appendStream']['reply'][] = []
  let loose: Block[] = []
  const writeLoose = () => {
    database.append(joinBlocks(loose))
    loose = []
  }
  for (const request of group) {
    if (request.call === 'append') {
      loose.push(...request.blocks)
      replies.push(null)
    } else {
      writeLoose()
      replies.push(database.appendStream(request.stream, request.blocks, Date.now()))
    }
  }
  writeLoose()
  return replies
}

const ACTIONS: Readonly<Record<Call, string>> = {
  append: 'save events',
  appendStream: 'save events',
  mark: 'read a stream’s mark',
  page: 'read events',
  keepSamples: 'save samples',
  sampleSeries: 'read series',
  sampleBlocks: 'read samples',
  ruleStates: 'read the states of rules',
  keepHistory: 'save the history of health',
  historyKept: 'read the history of health',
  historyDays: 'read the history of health',
  historyTimes: 'read the history of health',
  incidents: 'read incidents',
  keepCalls: 'save calls by tool',
  callRows: 'read calls by tool',
  tryWrite: 'save events',
  stats: 'tell its figures',
  close: 'be closed',
}

/** Takes the writes at the front of the queue that make up one transaction. */
function takeGroup(waiting: Request[]): Write[] {
  const group: Write[] = []
  let events = 0
  while (waiting.length > 0) {
    const next = waiting[0]!
    if (next.call !== 'append' && next.call !== 'appendStream') break
    if (group.length > 0 && events + next.rows > GROUP_EVENTS) break
    group.push(next)
    events += next.rows
    waiting.shift()
  }
  return group
}
