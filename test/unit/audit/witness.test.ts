import { createPublicKey, verify } from 'node:crypto'
import { expect, test } from 'vitest'
import {
  beginLog,
  formatSubmission,
  generateSigningKey,
  judgeSubmission,
  leafHash,
  openNote,
  parseVerifierKey,
  parseWitnessKey,
  proveConsistency,
  readWitnessKey,
  type StoredRow,
  seal,
  signCheckpoint,
  type TreeSource,
  type Witnessed,
} from '../../../packages/server/src/audit/index.js'
import { draft, LOG, testSigner } from '../../fixtures/audit-logs.js'

const AT_SECONDS = 1_795_233_600
const log = testSigner(1)
const pem = generateSigningKey()
const witness = readWitnessKey('witness.example.com', pem, () => AT_SECONDS * 1000 + 999)

/** A log of so many rows; `twist`: the first row that another telling has otherwise. */
function logOf(size: number, twist = Number.POSITIVE_INFINITY) {
  const drafts = Array.from({ length: size }, (_, n) => (n < twist ? draft(n) : { ...draft(n), actor: 'somebody' }))
  const { rows, head } = seal(drafts, beginLog(LOG))
  return { note: signCheckpoint(head, AT_SECONDS, [log]), tree: treeOf(rows) }
}

const treeOf = (rows: readonly StoredRow[]): TreeSource => ({
  async hashes(level, from, to) {
    if (level > 0) throw new Error('a small tree has leaves alone')
    return rows.slice(from, to).map(({ bytes }) => leafHash(bytes))
  },
})

/** What a witness that goes on from `known` answers. */
async function submit(size: number, oldSize: number, known: Witnessed | undefined, twist?: number) {
  const { note, tree } = logOf(size, twist)
  const proof = await proveConsistency(tree, oldSize, size)
  return judgeSubmission(formatSubmission({ oldSize, proof, note }), [log.key], known, witness)
}

test('a log that grows is signed for, and what was signed is the checkpoint with the time', async () => {
  const first = await submit(5, 0, undefined)
  expect(first).toMatchObject({ status: 200, keep: { size: 5 } })
  const second = await submit(12, 5, first.keep)
  expect(second).toMatchObject({ status: 200, keep: { size: 12 } })
  expect(await submit(12, 12, second.keep)).toMatchObject({ status: 200, keep: second.keep })

  const { note } = logOf(12)
  const cosigned = note + second.body
  expect(openNote(cosigned, [parseWitnessKey(witness.key.vkey)])).toMatchObject({ text: expect.stringContaining('12') })
  expect(openNote(cosigned, [log.key])).toMatchObject({ text: expect.any(String) })
  // By C2SP's tlog-cosignature, read by hand: key id, 8 bytes of time, signature over its own first lines and the text.
  const [, name, encoded] = second.body.trimEnd().split(' ')
  const bytes = Buffer.from(encoded!, 'base64')
  expect([name, bytes.length, bytes.readBigUInt64BE(4)]).toEqual(['witness.example.com', 76, BigInt(AT_SECONDS)])
  const text = note.slice(0, note.indexOf('\n\n') + 1)
  const signed = Buffer.from(`cosignature/v1\ntime ${AT_SECONDS}\n${text}`)
  expect(verify(null, signed, createPublicKey(pem), bytes.subarray(12))).toBe(true)
})

test('what is not in the log any more, or is told otherwise, is not signed for', async () => {
  const known = (await submit(8, 0, undefined)).keep
  expect(await submit(12, 8, known, 3)).toMatchObject({ status: 422 })
  expect(await submit(8, 8, known, 3)).toEqual({ status: 409, body: '8\n' })
  expect(await submit(5, 5, known)).toEqual({ status: 409, body: '8\n' })
  expect(await submit(12, 0, known)).toEqual({ status: 409, body: '8\n' })
  expect(await submit(12, 5, undefined)).toEqual({ status: 409, body: '0\n' })
})

test('who is not known, has no right signature, or says nothing, is turned away as tlog-witness has it', async () => {
  const { note, tree } = logOf(5)
  const status = (body: string, keys = [log.key]) => judgeSubmission(body, keys, undefined, witness).status
  const body = formatSubmission({ oldSize: 0, proof: [], note })
  expect(status(body)).toBe(200)
  expect(status(body, [])).toBe(404)
  expect(status(body, [testSigner(2).key])).toBe(403)
  expect(status(body.replace('\n5\n', '\n6\n'))).toBe(403)
  expect(status('old 0\n')).toBe(400)
  expect(status('')).toBe(400)
  expect(status(formatSubmission({ oldSize: 9, proof: [], note }))).toBe(400)
  const proof = await proveConsistency(tree, 3, 5)
  expect(status(formatSubmission({ oldSize: 0, proof, note }))).toBe(422)
})

test('a key of a log is none of a witness, and the other way round', () => {
  expect(() => parseWitnessKey(log.key.vkey)).toThrow(expect.objectContaining({ code: 'AUDIT_KEY_INVALID' }))
  expect(() => parseVerifierKey(witness.key.vkey)).toThrow(expect.objectContaining({ code: 'AUDIT_KEY_INVALID' }))
})
