import { type AuditHead, type Draft, type Sealed, type StoredRow, seal } from '../audit/index.js'
import { VitalsError } from '../errors/index.js'
import { failureOf } from '../threads/index.js'
import type { Outcome } from './database.js'

/** What one transaction has to save. */
export interface SealedBatches extends Sealed {
  readonly outcomes: readonly Outcome[]
  /** The drafts of `rows`, in their order: what opens their commitments. */
  readonly drafts: readonly Draft[]
}

/**
 * Gives batches their places behind `head`, in their order. One that may be no row takes no place, and fails alone.
 * Drafts that `survivors` knows by their id have their rows already.
 */
export function sealBatches(
  batches: readonly (readonly Draft[])[],
  head: AuditHead,
  survivors: ReadonlyMap<string, StoredRow>,
): SealedBatches {
  const drafts = batches.flat()
  const known = survivors.size > 0 && drafts.some(({ id }) => survivors.has(id))
  if (!known) {
    try {
      const sealed = seal(drafts, head)
      let at = 0
      const outcomes = batches.map(({ length }) => {
        at += length
        return { rows: sealed.rows.slice(at - length, at) }
      })
      return { ...sealed, drafts, outcomes }
    } catch (error) {
      if (!(error instanceof VitalsError)) throw error
    }
  }
  return sealEach(batches, head, survivors)
}

/** The slower way, batch by batch. */
function sealEach(
  batches: readonly (readonly Draft[])[],
  head: AuditHead,
  survivors: ReadonlyMap<string, StoredRow>,
): SealedBatches {
  const all: { rows: StoredRow[]; nodes: Sealed['nodes'][number][]; drafts: Draft[] } = {
    rows: [],
    nodes: [],
    drafts: [],
  }
  let end = head
  const outcomes = batches.map((batch): Outcome => {
    const fresh = batch.filter(({ id }) => !survivors.has(id))
    try {
      const sealed = seal(fresh, end)
      end = sealed.head
      all.rows.push(...sealed.rows)
      all.nodes.push(...sealed.nodes)
      all.drafts.push(...fresh)
      if (fresh.length === batch.length) return { rows: sealed.rows }
      const made = sealed.rows.values()
      return { rows: batch.map(({ id }) => survivors.get(id) ?? (made.next().value as StoredRow)) }
    } catch (error) {
      if (!(error instanceof VitalsError)) throw error
      return { failure: failureOf(error) }
    }
  })
  return { ...all, head: end, outcomes }
}
