import type { ArchivedSegment, AuditFilter, AuditHead, CommitmentRef, Hash, Opening } from '../audit/index.js'
import type { MessageOf, RequestOf } from '../threads/index.js'
import type { PackedRows } from './packed.js'
import type { PackedDrafts } from './packed-drafts.js'

/** Milliseconds that a group of rows took: to be sealed, and until the disk had them. */
export interface AppendTimes {
  readonly sealMs: number
  readonly commitMs: number
}

export interface KeptCheckpoint {
  readonly size: number
  readonly note: string
}

type Nothing = Record<never, never>

/** What a thread of the store can be asked. One writes; another reads, so that no commit waits for a search. */
export interface Calls {
  /** Several `append`s in one transaction. `rows` are those of all drafts, in their order. */
  append: {
    request: { readonly drafts: PackedDrafts }
    reply: {
      readonly rows: PackedRows
      readonly size: number
      readonly times?: AppendTimes
    }
  }
  page: { request: { readonly fromSeq: number; readonly toSeq: number }; reply: PackedRows }
  find: { request: { readonly filter: AuditFilter }; reply: { readonly rows: PackedRows; readonly next?: number } }
  head: { request: Nothing; reply: AuditHead }
  hashes: { request: { readonly level: number; readonly from: number; readonly to: number }; reply: readonly Hash[] }
  saveCheckpoint: { request: KeptCheckpoint; reply: null }
  newestCheckpoint: { request: { readonly upToSize: number }; reply: KeptCheckpoint | null }
  checkpoints: { request: { readonly fromSize: number }; reply: readonly KeptCheckpoint[] }
  /** Writes the files of an archive, and changes nothing in the store. */
  writeArchive: { request: { readonly beforeSeq: number; readonly dir: string }; reply: ArchivedSegment | null }
  /** Takes out of the store what lies in files now: a part at a time, until there is no more. */
  saveSegment: { request: { readonly segment: ArchivedSegment }; reply: null }
  dropArchived: { request: Nothing; reply: { readonly more: boolean } }
  segments: { request: Nothing; reply: readonly ArchivedSegment[] }
  openings: { request: { readonly seq: number }; reply: readonly Opening[] }
  erase: { request: { readonly refs: readonly CommitmentRef[] }; reply: number }
  close: { request: Nothing; reply: null }
}

export type Call = keyof Calls
export type Request = RequestOf<Calls>
export type Message = MessageOf<Calls>

/** Where a log lies. */
export type Place = { readonly sqlite: string } | { readonly postgres: string; readonly schema: string }

/** What a thread is started with. */
export interface WorkerData {
  readonly place: Place
  /** The log's name. */
  readonly log: string
  /** How the place is named to people: without a password. */
  readonly shown: string
  readonly role: 'write' | 'read'
  /** The thread before this one could not tell whether the disk kept what it wrote: everything is looked at anew. */
  readonly afterFault: boolean
  /** Rows below it were acknowledged. */
  readonly acknowledged: number
  /** Ids of drafts that were under way when a thread ended: where they did get into the log they are not written twice. */
  readonly unsure: readonly string[]
}
