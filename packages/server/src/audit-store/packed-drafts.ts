import type { Draft, Json } from '../audit/index.js'

/**
 * Drafts on their way to the thread that writes: as JSON, which costs a quarter of what a copy of so many small objects
 * does; as they are where JSON would make something else of them.
 */
export type PackedDrafts = string | readonly (readonly Draft[])[]

export function packDrafts(batches: readonly (readonly Draft[])[]): PackedDrafts {
  return batches.every((drafts) => drafts.every(isPlain)) ? JSON.stringify(batches) : batches
}

export function unpackDrafts(packed: PackedDrafts): readonly (readonly Draft[])[] {
  return typeof packed === 'string' ? (JSON.parse(packed) as Draft[][]) : packed
}

/** Salts are bytes; and whether details are none that a row takes is told by who seals them. */
function isPlain({ details, commitments }: Draft): boolean {
  return commitments === undefined && isJson(details, 0)
}

/** Deepest nesting that is looked at. */
const MOST_DEPTH = 16

function isJson(value: Json, depth: number): boolean {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || depth > MOST_DEPTH) return false
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== Array.prototype) return false
  for (const name in value) if (!isJson(value[name as never], depth + 1)) return false
  return true
}
