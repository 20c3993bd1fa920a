import {
  type AuditHead,
  idIn,
  type Opening,
  type RowText,
  type Sealed,
  type StoredRow,
  sealTexts,
} from '../audit/index.js'
import { type PackedDrafts, unpackTexts } from './packed-drafts.js'
import type { Sought } from './sought.js'

/** What one transaction has to save. */
export interface SealedDrafts extends Sealed {
  /** A row of each draft, in their order: of `rows`, or one that is in the log already. */
  readonly answers: readonly StoredRow[]
  /** Texts of `rows`, in their order. */
  readonly texts: readonly RowText[]
  /** What opens commitments of `rows`. */
  readonly openings: readonly (Opening & { readonly seq: number })[]
  /** What `rows` can be found by; rows that were in the log already may be among them. */
  readonly sought: Sought
}

/** Gives drafts their places behind `head`, in their order. Those that `survivors` knows by their id have their rows already. */
export function sealDrafts(
  packed: PackedDrafts,
  head: AuditHead,
  survivors: ReadonlyMap<string, StoredRow>,
): SealedDrafts {
  const all = unpackTexts(packed)
  const known = survivors.size > 0 ? all.map(({ before }) => survivors.get(idIn(before))) : []
  const texts = known.some((row) => row) ? all.filter((_, n) => !known[n]) : all
  const sealed = sealTexts(texts, head)
  const made = sealed.rows.values()
  const answers = texts === all ? sealed.rows : all.map((_, n) => known[n] ?? (made.next().value as StoredRow))
  const openings = packed.commitments.flatMap(({ at, commitments }) =>
    known[at] ? [] : commitments.map((opening) => ({ ...opening, seq: (answers[at] as StoredRow).seq })),
  )
  return { ...sealed, answers, texts, openings, sought: packed.sought }
}
