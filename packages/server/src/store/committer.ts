import type { EventDatabase } from './database.js'
import { toFailure } from './failure.js'
import type { StoreOptions } from './options.js'
import type { Call, Calls, Message, Request } from './protocol.js'
import { createRetention } from './retention.js'

/** Most events of one transaction, where one request alone has no more. */
const GROUP_EVENTS = 500
/** How often the bounds are looked after, and after how many new events at the latest. */
const RETENTION_EVERY_MS = 60_000
const RETENTION_EVERY_EVENTS = 10_000

type Write = Extract<Request, { call: 'append' | 'appendStream' }>

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
export function createCommitter({ database, file, options, post, onClosed }: CommitterSetup): {
  take(request: Request): void
} {
  const waiting: Request[] = []
  const retention = createRetention(database.sqlite, options, Date.now)
  let scheduled = false
  let retaining = true
  let sinceRetention = 0
  let commits = 0
  let committedEvents = 0

  const timer = setInterval(() => {
    retaining = true
    schedule()
  }, RETENTION_EVERY_MS)
  schedule()

  function schedule(): void {
    if (scheduled) return
    scheduled = true
    setImmediate(turn)
  }

  function turn(): void {
    scheduled = false
    const group = takeGroup(waiting)
    if (group.length > 0) commit(group)
    else if (waiting.length > 0) answer(waiting.shift()!)
    if (retaining) retain()
    if (waiting.length > 0 || retaining) schedule()
  }

  function commit(group: readonly Write[]): void {
    try {
      const replies = database.transaction(() => group.map(write))
      commits++
      for (const [index, { id }] of group.entries()) post({ kind: 'reply', id, value: replies[index]! })
      const events = group.reduce((sum, { rows }) => sum + rows, 0)
      committedEvents += events
      sinceRetention += events
      if (sinceRetention >= RETENTION_EVERY_EVENTS) retaining = true
    } catch (error) {
      const failure = toFailure(error, file, 'save events')
      for (const { id } of group) post({ kind: 'failed', id, failure })
    }
  }

  function write(request: Write): Calls['append' | 'appendStream']['reply'] {
    if (request.call === 'appendStream')
      return database.appendStream(request.stream, JSON.parse(request.batch), Date.now())
    database.append(JSON.parse(request.events))
    return null
  }

  function answer(request: Request): void {
    try {
      post({ kind: 'reply', id: request.id, value: replyTo(request) })
    } catch (error) {
      post({ kind: 'failed', id: request.id, failure: toFailure(error, file, ACTIONS[request.call]) })
    }
    if (request.call === 'close') {
      clearInterval(timer)
      retaining = false
      onClosed()
    }
  }

  function replyTo(request: Request): Calls[Call]['reply'] {
    switch (request.call) {
      case 'mark':
        return database.mark(request.stream)
      case 'page':
        return database.page(request)
      case 'stats':
        return { ...database.stats(), commits, committedEvents, removedEvents: retention.removed() }
      case 'close':
        database.checkpoint()
        return null
      default:
        return database.transaction(() => write(request))
    }
  }

  function retain(): void {
    sinceRetention = 0
    try {
      retaining = retention.step()
    } catch (error) {
      retaining = false
      post({ kind: 'fault', failure: toFailure(error, file, 'remove old events') })
    }
  }

  return {
    take(request) {
      waiting.push(request)
      schedule()
    },
  }
}

const ACTIONS: Readonly<Record<Call, string>> = {
  append: 'save events',
  appendStream: 'save events',
  mark: 'read a stream’s mark',
  page: 'read events',
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
