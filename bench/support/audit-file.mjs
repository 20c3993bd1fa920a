/** An audit log in files: rows made and sealed a thousand at a time, so that a million of them need no memory. */
import { generateKeyPairSync } from 'node:crypto'
import { createWriteStream, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import {
  beginLog,
  createSigner,
  joinNotes,
  parseVerifierKey,
  readRowsFile,
  seal,
  signCheckpoint,
  splitNotes,
  verifyLog,
  writeRowsFile,
} from '../../packages/server/dist/audit/index.js'

const LOG = 'example.com/audit'
const EVERY_ROWS = 1000

/** A draft of the size that a call of a tool has. */
export const draft = (n) => ({
  id: `3f2b8c1e-9d47-4a55-8f60-${String(n).padStart(12, '0')}`,
  timestamp: new Date(1_795_233_600_000 + n).toISOString(),
  eventType: 'TOOL_CALLED',
  actor: `agent-${n % 50}`,
  target: 'notes.add_note',
  details: { outcome: 'ok', durationMs: n % 1000, session: `session-${n % 200}` },
  origin: 'daemon',
})

/** Writes `rows.jsonl`, `checkpoints` and `key` into a folder: so many rows, signed every thousand. */
export async function writeLog(dir, count) {
  const signer = createSigner(LOG, generateKeyPairSync('ed25519').privateKey)
  const notes = []
  async function* rows() {
    let head = beginLog(LOG)
    for (let n = 0; n < count; n += EVERY_ROWS) {
      const sealed = seal(
        Array.from({ length: Math.min(EVERY_ROWS, count - n) }, (_, m) => draft(n + m)),
        head,
      )
      head = sealed.head
      notes.push(signCheckpoint(head, 1_795_233_600, [signer]))
      yield* sealed.rows
    }
  }
  await pipeline(writeRowsFile(beginLog(LOG), rows()), createWriteStream(join(dir, 'rows.jsonl')))
  writeFileSync(join(dir, 'checkpoints'), joinNotes(notes))
  writeFileSync(join(dir, 'key'), signer.key.vkey)
}

/** What a verification of the folder's log needs. */
export function setupOf(dir) {
  return {
    keys: [parseVerifierKey(readFileSync(join(dir, 'key'), 'utf8'))],
    checkpoints: splitNotes(readFileSync(join(dir, 'checkpoints'), 'utf8')),
  }
}

/** Verifies a log out of pieces of its file. @throws when it does not hold */
export async function verifyPieces(pieces, setup) {
  const { start, found } = await readRowsFile(pieces)
  const verdict = await verifyLog(found, { ...setup, start })
  if (!verdict.ok) throw new Error(`row ${verdict.seq}: ${verdict.fault}`)
  return verdict.head.frontier.size
}
