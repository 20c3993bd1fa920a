import { vitalsError } from '../errors/index.js'
import { canonicalize, canonicalString, type JsonObject, NotCanonical } from './canonical.js'
import { type Commitment, SALT_BYTES } from './commitment.js'
import { AUDIT_EVENTS, isAuditEventType } from './event-types.js'
import { EMPTY_FRONTIER, growFrontier, type TreeNode } from './frontier.js'
import { isHash, leafHash, originHash } from './hashes.js'
import { isLogName } from './keys.js'
import { KEPT_LEVELS } from './proofs.js'
import { type RowText, rowsBytes, rowText, writeRow } from './row.js'
import type { AuditHead, Draft, Sealed, StoredRow } from './store-contract.js'

/** Bounds of what a row may hold. */
export const DRAFT_LIMITS = {
  actorChars: 128,
  targetChars: 256,
  detailsBytes: 8192,
  detailsDepth: 8,
  commitments: 16,
  fieldChars: 128,
} as const

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const TIMESTAMP = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/
/** `origin` of rows that the daemon itself brings about. */
export const DAEMON_ORIGIN = 'daemon'
/** Seconds begin with less. */
const CODE_OF_6 = 0x36
const INGEST_ORIGIN = /^ingest:[\w.-]{1,64}$/

/** The head of a log without rows. @throws VitalsError AUDIT_NAME_INVALID */
export function beginLog(log: string): AuditHead {
  if (!isLogName(log)) throw vitalsError('AUDIT_NAME_INVALID', { name: log })
  return { log, lastHash: originHash(log), frontier: EMPTY_FRONTIER }
}

/**
 * Gives drafts their places behind `head`, in their order. Pure: equal input, equal bytes.
 *
 * @throws VitalsError AUDIT_DRAFT_INVALID when one of them may be no row; then none is
 */
export function seal(drafts: readonly Draft[], head: AuditHead): Sealed {
  return sealTexts(drafts.map(draftText), head)
}

/**
 * The same for drafts whose texts were made before.
 *
 * @param room where the rows are written when there is room for them: they are lost when it is used again. Memory that
 * was used lately costs much less than new one. Default: memory of their own
 */
export function sealTexts(texts: readonly RowText[], head: AuditHead, room?: Buffer): Sealed {
  const frontier = growFrontier(head.frontier)
  const nodes: TreeNode[] = []
  const rows: StoredRow[] = []
  let lastHash = head.lastHash
  const keep = (node: TreeNode) => {
    if (node.level % KEPT_LEVELS === 0) nodes.push(node)
  }
  const sizeBytes = rowsBytes(texts, frontier.size)
  const place = room && room.length >= sizeBytes ? room : Buffer.allocUnsafeSlow(sizeBytes)
  let at = 0
  for (const text of texts) {
    const seq = frontier.size
    const { bytes, rowHash } = writeRow(place, at, text, seq, lastHash)
    at += bytes.length
    frontier.append(leafHash(bytes), keep)
    rows.push({ seq, bytes, rowHash })
    lastHash = rowHash
  }
  return { rows, head: { log: head.log, lastHash, frontier: frontier.snapshot() }, nodes }
}

/** The text of a draft's row, wherever it will stand. @throws VitalsError AUDIT_DRAFT_INVALID when it may be no row */
export function draftText(draft: Draft): RowText {
  try {
    const problem = problemOf(draft)
    if (problem !== undefined) throw new NotCanonical(problem)
    // What has a form of its own, as `problemOf` saw, has nothing in it to escape.
    return rowText({
      id: `"${draft.id}"`,
      timestamp: `"${draft.timestamp}"`,
      eventType: `"${draft.eventType}"`,
      actor: canonicalString(draft.actor, 'actor'),
      target: canonicalString(draft.target, 'target'),
      origin: `"${draft.origin}"`,
      details: detailsOf(draft),
    })
  } catch (error) {
    if (!(error instanceof NotCanonical)) throw error
    throw vitalsError('AUDIT_DRAFT_INVALID', { type: String(draft.eventType), reason: error.message }, error)
  }
}

/** The last minute that was found to be a time: rows mostly come within the same. */
let knownMinute = ''

/** Whether it is in the calendar: not the 30th of February. */
function isTime(timestamp: string): boolean {
  const minute = timestamp.slice(0, 'YYYY-MM-DDThh:mm'.length)
  if (minute === knownMinute && timestamp.charCodeAt(minute.length + 1) < CODE_OF_6) return true
  const time = new Date(timestamp)
  if (time.getUTCDate() !== Number(timestamp.slice(8, 10))) return false
  knownMinute = minute
  return true
}

function problemOf({ id, timestamp, eventType, actor, target, origin }: Draft): string | undefined {
  if (!UUID.test(id)) return 'id is no UUID in lower case'
  if (!TIMESTAMP.test(timestamp) || !isTime(timestamp)) return 'timestamp is no time such as 2026-11-21T04:21:55.634Z'
  if (!isAuditEventType(eventType)) return 'there is no such type'
  if (actor.length < 1 || actor.length > DRAFT_LIMITS.actorChars)
    return `actor has ${actor.length} characters, not 1 to ${DRAFT_LIMITS.actorChars}`
  if (target.length > DRAFT_LIMITS.targetChars)
    return `target has ${target.length} characters, more than ${DRAFT_LIMITS.targetChars}`
  if (origin === DAEMON_ORIGIN) return undefined
  if (!INGEST_ORIGIN.test(origin)) return 'origin is neither daemon nor ingest:<name of a key>'
  return AUDIT_EVENTS[eventType].writer === 'daemon' ? `only the daemon writes it, not ${origin}` : undefined
}

function detailsOf({ details, commitments = [] }: Draft): string {
  if (Object.hasOwn(details, 'commitments')) throw new NotCanonical('details.commitments is filled in by the log')
  const all: JsonObject = commitments.length === 0 ? details : { ...details, commitments: digestsOf(commitments) }
  const text = canonicalize(all, { numbers: 'safe-integer', maxDepth: DRAFT_LIMITS.detailsDepth }, 'details')
  if (!text.startsWith('{')) throw new NotCanonical('details is no object')
  // A character has three bytes at most.
  const sizeBytes = 3 * text.length <= DRAFT_LIMITS.detailsBytes ? 0 : Buffer.byteLength(text)
  if (sizeBytes > DRAFT_LIMITS.detailsBytes)
    throw new NotCanonical(`details has ${sizeBytes} bytes, more than ${DRAFT_LIMITS.detailsBytes}`)
  return text
}

function digestsOf(commitments: readonly Commitment[]): JsonObject {
  if (commitments.length > DRAFT_LIMITS.commitments)
    throw new NotCanonical(`it has ${commitments.length} commitments, more than ${DRAFT_LIMITS.commitments}`)
  const digests = new Map<string, string>()
  for (const { field, digest, salt } of commitments) {
    if (field.length < 1 || field.length > DRAFT_LIMITS.fieldChars || digests.has(field))
      throw new NotCanonical('a commitment has no name of its own of 1 to 128 characters')
    if (!isHash(digest) || salt.length !== SALT_BYTES) throw new NotCanonical(`the commitment ${field} is not whole`)
    digests.set(field, digest)
  }
  return Object.fromEntries(digests)
}
