import { EMPTY_ROOT, type Hash } from './hashes.js'
import type { Signer, VerifierKey } from './keys.js'
import { openNote, signatureLines } from './note.js'
import { verifyConsistency } from './proofs.js'

/** What a log asks of a witness: to sign a checkpoint that goes on from the newest one that the witness signed. */
export interface Submission {
  /** Size of the tree that the log believes the witness knows; 0 for none. */
  readonly oldSize: number
  /** Proof that the tree of the old size begins the checkpoint's (RFC 6962, 2.1.2). */
  readonly proof: readonly Hash[]
  /** The signed checkpoint. */
  readonly note: string
}

/** What a witness keeps of a log. */
export interface Witnessed {
  readonly size: number
  readonly root: Hash
}

/** What a witness answers by C2SP's tlog-witness. `keep`: what must be kept before it is sent. */
export interface WitnessAnswer {
  readonly status: 200 | 400 | 403 | 404 | 409 | 422
  readonly body: string
  readonly keep?: Witnessed
}

/** No submission is longer: 63 hashes and a note with many signatures. 64 KiB. */
export const MAX_SUBMISSION_BYTES = 65_536

const FORM = /^old (0|[1-9][0-9]{0,14})\n((?:[A-Za-z0-9+/]{43}=\n){0,63})\n/
/** The first lines of a checkpoint by C2SP's tlog-checkpoint, whatever follows. */
const CHECKPOINT = /^([^\n]+)\n(0|[1-9][0-9]{0,14})\n([A-Za-z0-9+/]{43}=)\n(?:[^\n]+\n)*$/

/** Writes a submission as C2SP's `add-checkpoint` wants its body. */
export function formatSubmission({ oldSize, proof, note }: Submission): string {
  const lines = proof.map((hash) => `${Buffer.from(hash, 'hex').toString('base64')}\n`)
  return `old ${oldSize}\n${lines.join('')}\n${note}`
}

function parseSubmission(body: string): Submission | undefined {
  const [head, oldSize, lines = ''] = FORM.exec(body) ?? []
  if (head === undefined) return undefined
  const proof = lines
    .split('\n')
    .slice(0, -1)
    .map((line) => Buffer.from(line, 'base64').toString('hex'))
  return { oldSize: Number(oldSize), proof, note: body.slice(head.length) }
}

/** The log that a submission, or a note, is of; undefined for what is neither. */
export function logOfSubmission(body: string): string | undefined {
  return /^[^\n]+/.exec(parseSubmission(body)?.note ?? '')?.[0]
}

/**
 * Judges a submission: the log's signature, and that nothing which was signed before is gone. Pure: who calls it keeps
 * what `keep` says before the answer leaves, and judges submissions of one log one after another.
 *
 * @param keys keys of the log; none: the log is unknown
 * @param known what was signed of it last
 */
export function judgeSubmission(
  body: string,
  keys: readonly VerifierKey[],
  known: Witnessed | undefined,
  witness: Signer,
): WitnessAnswer {
  const submission = parseSubmission(body)
  if (!submission) return { status: 400, body: 'The body is no submission: see C2SP tlog-witness.\n' }
  if (keys.length === 0) return { status: 404, body: 'This log is not known here.\n' }
  const { oldSize, proof, note } = submission
  const opened = openNote(note, keys)
  if (typeof opened === 'string') return { status: 403, body: 'No signature of a key that is known holds.\n' }
  const [, name, sizeText, rootText = ''] = CHECKPOINT.exec(opened.text) ?? []
  const size = Number(sizeText)
  if (name !== keys[0]?.name || oldSize > size) return { status: 400, body: 'This is no checkpoint to go on with.\n' }
  const root = Buffer.from(rootText, 'base64').toString('hex')
  const old = known ?? { size: 0, root: EMPTY_ROOT }
  if (oldSize !== old.size || (size === old.size && root !== old.root)) return { status: 409, body: `${old.size}\n` }
  if (!verifyConsistency(proof, old, { size, root }))
    return { status: 422, body: 'The proof does not show that what was signed before is in it.\n' }
  return { status: 200, body: signatureLines(opened.text, [witness]), keep: { size, root } }
}
