import type { ErrorCode } from '../errors/index.js'
import type { Block } from './blocks.js'
import type { StoreOptions } from './options.js'
import type { Cursor, EventQuery } from './query.js'

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
export type Request = { [C in Call]: { readonly id: number; readonly call: C } & Calls[C]['request'] }[Call]

/** An error on its way between threads. */
export interface Failure {
  readonly code: ErrorCode
  readonly message: string
}

export type Message =
  | { readonly kind: 'ready' }
  /** The database cannot be used. The thread ends after it. */
  | { readonly kind: 'unusable'; readonly failure: Failure }
  /** The database is damaged: it wants to be moved aside. The thread ends after it. */
  | { readonly kind: 'damaged'; readonly reason: string }
  | { readonly kind: 'reply'; readonly id: number; readonly value: Calls[Call]['reply'] }
  | { readonly kind: 'failed'; readonly id: number; readonly failure: Failure }
  /** The disk refused to keep what was committed; without `failure`: it keeps it again. */
  | { readonly kind: 'disk'; readonly failure?: Failure }
  /** Work that nobody asked for (retention) failed. */
  | { readonly kind: 'fault'; readonly failure: Failure }

/** What the thread is started with. */
export interface WorkerData {
  readonly file: string
  readonly options: StoreOptions
}
