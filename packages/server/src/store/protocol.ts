import type { MessageOf, RequestOf } from '../threads/index.js'
import type { Block } from './blocks.js'
import type { CallRow, CallRows } from './call-slots.js'
import type { HistoryDay, HistoryRows, HistoryTimes, IncidentPage, IncidentQuery } from './history.js'
import type { StoreOptions } from './options.js'
import type { Cursor, EventQuery } from './query.js'
import type { RuleState, SampleBlock, SampleChanges, SampleSeries } from './samples.js'

/** What the store's thread can be asked: request → what comes back. Events travel as JSON text: one string is the cheapest thing to send. */
export interface Calls {
  append: { request: { readonly blocks: readonly Block[]; readonly rows: number }; reply: null }
  /** The blocks by rising seq, none twice. `before` is the mark that decided what was fresh. */
  appendStream: {
    request: { readonly stream: string; readonly blocks: readonly Block[]; readonly rows: number }
    reply: { readonly before: number; readonly highWater: number }
  }
  mark: { request: { readonly stream: string }; reply: number }
  /** `events`: JSON of `Event[]`; `next` where there may be more. */
  page: {
    request: { readonly query: EventQuery; readonly size: number; readonly cursor?: Cursor }
    reply: { readonly events: string; readonly next?: Cursor }
  }
  keepSamples: { request: { readonly changes: SampleChanges }; reply: null }
  /** Series after the one of this number. */
  sampleSeries: { request: { readonly after: number }; reply: readonly SampleSeries[] }
  sampleBlocks: {
    request: { readonly after: number }
    reply: { readonly blocks: readonly SampleBlock[]; readonly last: number }
  }
  ruleStates: { request: Record<never, never>; reply: readonly Required<RuleState>[] }
  keepHistory: { request: { readonly rows: HistoryRows }; reply: null }
  historyKept: { request: Record<never, never>; reply: HistoryRows }
  historyDays: {
    request: { readonly query: { readonly components?: readonly string[]; readonly firstDay: number } }
    reply: readonly HistoryDay[]
  }
  historyTimes: { request: { readonly firstDay: number }; reply: readonly HistoryTimes[] }
  incidents: { request: { readonly query: IncidentQuery }; reply: IncidentPage }
  keepCalls: { request: { readonly changes: CallRows }; reply: null }
  callRows: { request: { readonly after?: CallRow }; reply: readonly CallRow[] }
  /** Writes what is there already: whether the disk takes it. */
  tryWrite: { request: Record<never, never>; reply: null }
  stats: { request: Record<never, never>; reply: DatabaseStats }
  close: { request: Record<never, never>; reply: null }
}

/** What the thread knows of its database. */
export interface DatabaseStats {
  /** Bytes with content in the database file. */
  readonly usedBytes: number
  readonly streams: number
  /** Times of the oldest and newest event, milliseconds since 1970; absent while there is none. */
  readonly oldestAt?: number
  readonly newestAt?: number
  /** Since the thread started: transactions, the events they wrote, and the events that retention removed. */
  readonly commits: number
  readonly committedEvents: number
  readonly removedEvents: number
}

export type Call = keyof Calls
export type Request = RequestOf<Calls>
export type Message = MessageOf<Calls>

/** What the thread is started with. */
export interface WorkerData {
  readonly file: string
  readonly options: StoreOptions
}
