import { frontierRoot } from './frontier.js'
import type { Hash } from './hashes.js'
import type { Signer, VerifierKey } from './keys.js'
import { type NoteFault, openNote, signNote } from './note.js'
import type { AuditHead } from './store-contract.js'

/** What a log's key signs: so many rows, with this tree over them and this end of their chain. */
export interface Checkpoint {
  /** The log's name. */
  readonly log: string
  /** How many rows it covers: those with a smaller `seq`. */
  readonly size: number
  /** Root of the tree over them. */
  readonly root: Hash
  /** `row_hash` of the last of them. */
  readonly lastHash: Hash
  /** When it was made, by its maker's clock: seconds since 1970-01-01 UTC. */
  readonly timeSeconds: number
}

const BODY =
  /^([^\n]+)\n(0|[1-9][0-9]{0,14})\n([A-Za-z0-9+/]{43}=)\nlast_hash ([0-9a-f]{64})\ntime ([0-9]+)\n(?:[^\n]+\n)*$/

/** The checkpoint of a log as it stands: a note in the form of C2SP's tlog-checkpoint, signed by each signer. */
export function signCheckpoint(head: AuditHead, timeSeconds: number, signers: readonly Signer[]): string {
  const root = Buffer.from(frontierRoot(head.frontier.hashes), 'hex').toString('base64')
  const lines = [head.log, head.frontier.size, root, `last_hash ${head.lastHash}`, `time ${Math.trunc(timeSeconds)}`]
  return signNote(`${lines.join('\n')}\n`, signers)
}

/** Reads a checkpoint of the log whose keys these are. Further lines of its text are signed, and not looked at. */
export function openCheckpoint(note: string, log: string, keys: readonly VerifierKey[]): Checkpoint | NoteFault {
  const opened = openNote(note, keys)
  if (typeof opened === 'string') return opened
  const [, name, size, root = '', lastHash = '', time] = BODY.exec(opened.text) ?? []
  if (name === undefined) return 'unsigned'
  if (name !== log) return 'foreign key'
  const rootHex = Buffer.from(root, 'base64').toString('hex')
  return { log, size: Number(size), root: rootHex, lastHash, timeSeconds: Number(time) }
}
