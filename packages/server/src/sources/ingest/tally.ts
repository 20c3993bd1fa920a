import { REJECT_REASONS, type RejectReason } from './batch.js'

/** Why a whole post was refused, in a word for a label. Nothing of it was taken. */
export const REFUSAL_REASONS = [
  'method',
  'unauthorized',
  'media_type',
  'busy',
  'body_cut',
  'body_too_slow',
  'body_too_long',
  'frame',
  'too_many_events',
  'posts_per_second',
  'events_per_second',
  'store',
] as const
export type RefusalReason = (typeof REFUSAL_REASONS)[number]

/** What the ingest counts, since it was made. */
export class Tally {
  accepted = 0
  readonly rejected = zeros(REJECT_REASONS)
  readonly refused = zeros(REFUSAL_REASONS)

  /** Counts what became of one batch. */
  took(accepted: number, rejected: readonly RejectReason[]): void {
    this.accepted += accepted
    for (const reason of rejected) this.rejected[reason]++
  }
}

function zeros<W extends string>(words: readonly W[]): Record<W, number> {
  return Object.fromEntries(words.map((word) => [word, 0])) as Record<W, number>
}
