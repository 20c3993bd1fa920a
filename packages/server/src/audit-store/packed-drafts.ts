import { type Commitment, type Draft, draftText, type RowText } from '../audit/index.js'
import { type Sought, soughtOf } from './sought.js'

/**
 * Drafts on their way to the thread that writes: as the texts of their rows, which need no more than a place. Few large
 * things are cheaper to send than many small ones, and a draft that may be no row is told to whoever brings it.
 */
export interface PackedDrafts {
  /** What stands before and behind the places of the rows, one behind the other. */
  readonly text: string
  /** Four numbers for each: characters before and behind its place, and their bytes. */
  readonly lengths: Uint32Array
  /** What they can be found by, all together. */
  readonly sought: Sought
  /** What opens commitments of those that have some, by their place among the drafts. */
  readonly commitments: readonly Committed[]
}

interface Committed {
  readonly at: number
  readonly commitments: readonly Commitment[]
}

/** Drafts of one `append`, each with its text. */
export interface DraftBatch {
  readonly drafts: readonly Draft[]
  readonly texts: readonly RowText[]
}

/** @throws VitalsError AUDIT_DRAFT_INVALID when one of them may be no row */
export function batchOf(drafts: readonly Draft[]): DraftBatch {
  return { drafts, texts: drafts.map(draftText) }
}

export function packDrafts(batches: readonly DraftBatch[]): PackedDrafts {
  const drafts: Draft[] = []
  for (const batch of batches) for (const draft of batch.drafts) drafts.push(draft)
  const parts: string[] = []
  const lengths = new Uint32Array(4 * drafts.length)
  let at = 0
  for (const { texts } of batches) {
    for (const { before, after, beforeBytes, afterBytes } of texts) {
      parts.push(before, after)
      lengths[at++] = before.length
      lengths[at++] = after.length
      lengths[at++] = beforeBytes
      lengths[at++] = afterBytes
    }
  }
  const commitments: Committed[] = []
  drafts.forEach((draft, n) => {
    if (draft.commitments) commitments.push({ at: n, commitments: draft.commitments })
  })
  return { text: parts.join(''), lengths, sought: soughtOf(drafts), commitments }
}

export function unpackTexts({ text, lengths }: PackedDrafts): readonly RowText[] {
  const texts: RowText[] = []
  let at = 0
  for (let n = 0; n < lengths.length; n += 4) {
    const middle = at + (lengths[n] as number)
    const end = middle + (lengths[n + 1] as number)
    texts.push({
      before: text.slice(at, middle),
      after: text.slice(middle, end),
      beforeBytes: lengths[n + 2] as number,
      afterBytes: lengths[n + 3] as number,
    })
    at = end
  }
  return texts
}
