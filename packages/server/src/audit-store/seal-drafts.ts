import { type AuditHead, idIn, type Opening, type RowText, type Sealed, sealTexts } from '../audit/index.js'
import { type PackedDrafts, unpackTexts } from './packed-drafts.js'
import type { Sought } from './sought.js'

/** `seq` of rows that are in the log already, by the ids of their drafts. */
export type Survivors = ReadonlyMap<string, number>

/** What of a transaction has to be saved. */
export interface SealedDrafts extends Sealed {
  /** `seq` of each draft's row, in their order: one of `rows`, or one that is in the log already. */
  readonly seqs: readonly number[]
  /** Texts of `rows`, in their order. */
  readonly texts: readonly RowText[]
  /** What opens commitments of `rows`. */
  readonly openings: readonly (Opening & { readonly seq: number })[]
  /** What `rows` can be found by; rows that were in the log already may be among them. */
  readonly sought: Sought
}

/**
 * Gives drafts their places behind `head`, in their order. Those that `survivors` knows by their id have their rows already.
 *
 * @param room as that of `sealTexts`
 */
export function sealDrafts(packed: PackedDrafts, head: AuditHead, survivors: Survivors, room?: Buffer): SealedDrafts {
  const all = unpackTexts(packed)
  const known = survivors.size > 0 ? all.map(({ before }) => survivors.get(idIn(before))) : []
  const texts = known.some((seq) => seq !== undefined) ? all.filter((_, n) => known[n] === undefined) : all
  const sealed = sealTexts(texts, head, room)
  let next = head.frontier.size
  const seqs = all.map((_, n) => known[n] ?? next++)
  const openings = packed.commitments.flatMap(({ at, commitments }) =>
    known[at] === undefined ? commitments.map((opening) => ({ ...opening, seq: seqs[at] as number })) : [],
  )
  return { ...sealed, seqs, texts, openings, sought: packed.sought }
}
