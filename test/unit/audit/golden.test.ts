/**
 * A log that is kept in the repository: whatever is changed in the code, it stays readable, and the same rows get the same
 * bytes, hashes and signatures. A changed form is a new version; `npx vitest run test/unit/audit/golden -u` writes anew.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  AUDIT_EVENTS,
  type AuditEventType,
  beginLog,
  checkProof,
  commit,
  type Draft,
  formatProof,
  joinNotes,
  leafHash,
  parseVerifierKey,
  proveInclusion,
  readRowsFile,
  seal,
  signCheckpoint,
  splitNotes,
  verifyLog,
} from '../../../packages/server/src/audit/index.js'
import { inOrder, LOG, rowsFile, START_SECONDS, testSigner } from '../../fixtures/audit-logs.js'
import { verifyInPython } from '../../fixtures/verify-audit.js'

const GOLDEN = join(import.meta.dirname, '../../golden/audit')
const file = (name: string) => join(GOLDEN, name)
const [OLD, NEW] = [testSigner(11), testSigner(12)]
const TYPES = Object.keys(AUDIT_EVENTS) as AuditEventType[]

const TEXTS = [
  'notes',
  '',
  'naïve café',
  '日本語',
  '\u{1f512} key',
  'a "quoted" \\ path',
  'tab\tand\nnewline',
  '\u2028\u007f',
]
const DETAILS = [
  {},
  { durationMs: 12, ok: true, code: null },
  { z: [1, -2, { b: '', a: 9_007_199_254_740_991 }], é: 'ö', A: 0 },
]

const drafts = TYPES.map(
  (eventType, n): Draft => ({
    id: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
    timestamp: new Date((START_SECONDS + n) * 1000).toISOString(),
    eventType,
    actor: n % 2 === 0 ? 'system' : `agent-${n}`,
    target: TEXTS[n % TEXTS.length]!,
    details:
      eventType === 'KEY_ROTATED' ? { old_key: OLD.key.vkey, new_key: NEW.key.vkey } : DETAILS[n % DETAILS.length]!,
    origin: AUDIT_EVENTS[eventType].writer === 'ingest' && n % 3 === 0 ? 'ingest:reporter' : 'daemon',
    ...(eventType === 'TOOL_CALLED' && { commitments: [commit('arguments.path', '/tmp/a', Buffer.alloc(32, 3))] }),
  }),
)
const log = seal(drafts, beginLog(LOG))
const headAt = (size: number) => seal(drafts.slice(0, size), beginLog(LOG)).head
const notes = [
  signCheckpoint(headAt(0), START_SECONDS, [OLD]),
  signCheckpoint(headAt(10), START_SECONDS + 10, [OLD]),
  signCheckpoint(headAt(25), START_SECONDS + 25, [OLD, NEW]),
  signCheckpoint(headAt(TYPES.length), START_SECONDS + 60, [NEW]),
]

describe('the golden log', () => {
  test('is what its drafts and keys give, byte for byte', async () => {
    const proof = {
      ...log.rows[7]!,
      hashes: await proveInclusion(
        { hashes: async (_, from, to) => log.rows.slice(from, to).map(({ bytes }) => leafHash(bytes)) },
        7,
        TYPES.length,
      ),
      note: notes.at(-1)!,
    }
    await expect((await rowsFile(beginLog(LOG), log.rows)).toString()).toMatchFileSnapshot(file('rows.jsonl'))
    await expect(joinNotes(notes)).toMatchFileSnapshot(file('checkpoints'))
    await expect(`${OLD.key.vkey}\n${NEW.key.vkey}\n`).toMatchFileSnapshot(file('keys'))
    await expect(formatProof(proof)).toMatchFileSnapshot(file('row-7.tlog-proof'))
  })

  test('holds for both verifiers, from its files alone', async () => {
    const vkeys = readFileSync(file('keys'), 'utf8').trim().split('\n')
    const keys = vkeys.map(parseVerifierKey)
    const checkpoints = splitNotes(readFileSync(file('checkpoints'), 'utf8'))
    const { start, found } = await readRowsFile(inOrder([readFileSync(file('rows.jsonl'))]))
    const verdict = await verifyLog(found, { start, checkpoints, keys })
    expect(verdict).toMatchObject({ ok: true, head: log.head, signedSize: TYPES.length })
    expect(verifyInPython([{ keys: vkeys, checkpoints: file('checkpoints'), sources: [file('rows.jsonl')] }])).toEqual([
      [TYPES.length, null],
    ])
    expect(checkProof(readFileSync(file('row-7.tlog-proof'), 'utf8'), keys)).toMatchObject({
      ok: true,
      row: { seq: 7 },
    })
  })
})
