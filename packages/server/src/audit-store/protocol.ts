import type { ArchivedSegment, AuditFilter, AuditHead, CommitmentRef, Hash, Opening } from '../audit/index.js'
import type { MessageOf, RequestOf } from '../threads/index.js'
import type { PackedRows } from './packed.js'
import type { PackedDrafts } from './packed-drafts.js'

export interface KeptCheckpoint {
  readonly size: number
  readonly note: string
}

type Nothing = Record<never, never>

/** What a thread of the store can be asked. One writes; another reads, so that no commit waits for a search. */
export interface Calls {
  /**
   * Saves the last drafts of a transaction, and commits it. `parts` were told before: a thread that was started since would
   * not have them. `seqs` are those of all its drafts, in their order; `size` is how many rows the log has then.
   */
  append: {
    request: { readonly parts: number; readonly drafts: PackedDrafts }
    reply: { readonly seqs: readonly number[]; readonly size: number }
  }
  page: { request: { readonly fromSeq: number; readonly toSeq: number }; reply: PackedRows }
  end: { request: Nothing; reply: number }
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

/** The first drafts of a transaction, which are sealed and saved while the next are made: told, and not answered. */
export interface Part {
  readonly kind: 'part'
  readonly drafts: PackedDrafts
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
