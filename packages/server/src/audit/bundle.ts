import { type Checkpoint, openCheckpoint } from './checkpoint.js'
import type { AuditFault } from './faults.js'
import type { Hash } from './hashes.js'
import type { VerifierKey } from './keys.js'
import { verifyInclusion } from './proofs.js'
import { type AuditRow, parseRow, readSeam } from './row.js'

/** First line of a proof by C2SP's tlog-proof. */
const FIRST_LINE = 'c2sp.org/tlog-proof@v1'
const FORM =
  /^c2sp\.org\/tlog-proof@v1\nextra ([A-Za-z0-9+/]+=*)\nindex (0|[1-9][0-9]{0,14})\n((?:[A-Za-z0-9+/]{43}=\n){0,64})\n/
/** A proof with the largest row and all hashes is smaller. 256 KiB. */
export const MAX_PROOF_CHARS = 262_144

export interface RowProof {
  /** The row's stored bytes. */
  readonly bytes: Uint8Array
  readonly seq: number
  /** What `proveInclusion` gave for it, in a tree of the checkpoint's size. */
  readonly hashes: readonly Hash[]
  /** A signed checkpoint that covers it. */
  readonly note: string
}

/** A proof that a row is in a log, to be checked by anybody who has the log's key: C2SP's tlog-proof, the row as its extra data. */
export function formatProof({ bytes, seq, hashes, note }: RowProof): string {
  const lines = hashes.map((hash) => `${Buffer.from(hash, 'hex').toString('base64')}\n`)
  return `${FIRST_LINE}\nextra ${Buffer.from(bytes).toString('base64')}\nindex ${seq}\n${lines.join('')}\n${note}`
}

export type ProofVerdict =
  | { readonly ok: true; readonly row: AuditRow; readonly checkpoint: Checkpoint }
  /** `changed`: the row, or the way from it to the checkpoint. `seq` is absent where the text is no proof. */
  | { readonly ok: false; readonly seq?: number; readonly fault: AuditFault }

/** Checks a proof by the log's keys alone, of which there is one at least, all of one name. */
export function checkProof(text: string, keys: readonly VerifierKey[]): ProofVerdict {
  const found = text.length <= MAX_PROOF_CHARS ? FORM.exec(text) : null
  const [head, extra = '', index, lines = ''] = found ?? []
  if (head === undefined) return { ok: false, fault: 'changed' }
  const seq = Number(index)
  const checkpoint = openCheckpoint(text.slice(head.length), keys[0]?.name ?? '', keys)
  if (typeof checkpoint === 'string') return { ok: false, seq, fault: checkpoint }
  const bytes = Buffer.from(extra, 'base64')
  const hashes = lines
    .split('\n')
    .slice(0, -1)
    .map((line) => Buffer.from(line, 'base64').toString('hex'))
  const seam = readSeam(bytes, undefined)
  if (seam?.seq !== seq || !verifyInclusion(hashes, seq, checkpoint.size, seam.leaf, checkpoint.root))
    return { ok: false, seq, fault: 'changed' }
  return { ok: true, row: parseRow(bytes), checkpoint }
}
