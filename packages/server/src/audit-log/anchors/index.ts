import { join } from 'node:path'
import type { Anchor } from './anchor.js'
import { fileAnchor } from './file.js'
import { gitAnchor } from './git.js'
import type { AnchorEntry } from './options.js'
import { s3Anchor } from './s3.js'
import { witnessAnchor } from './witness.js'

export type { Kept } from './anchor.js'
export { Anchoring, type AnchorReadings } from './anchoring.js'

/** The anchors of a configuration. `dir`: the state directory. @throws VitalsError AUDIT_KEY_INVALID for a witness's key that is none */
export function createAnchors(
  entries: Readonly<Record<string, AnchorEntry>>,
  dir: string,
  now: () => number,
): readonly Anchor[] {
  return Object.entries(entries).map(([name, entry]) => {
    if ('file' in entry) return fileAnchor(name, entry.file)
    if ('witness' in entry) return witnessAnchor(name, entry)
    if ('git' in entry) return gitAnchor(name, entry, join(dir, 'anchors', name))
    return s3Anchor(name, entry, now)
  })
}
