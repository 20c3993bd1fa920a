import { expect, test } from 'vitest'
import { beginLog, commit, type Draft, idIn, parseRow, seal } from '../../../packages/server/src/audit/index.js'
import { batchOf, packDrafts } from '../../../packages/server/src/audit-store/packed-drafts.js'
import { sealDrafts } from '../../../packages/server/src/audit-store/seal-drafts.js'
import { draft, LOG } from '../../fixtures/audit-logs.js'

const EMPTY = beginLog(LOG)
const NONE = new Map()

/** Characters of one, two, three and four bytes, beside each other and where a row is cut in pieces. */
const drafts: readonly Draft[] = [
  draft(0),
  { ...draft(1), actor: 'agent-é', target: '' },
  { ...draft(2), target: 'notes.ä…😀"\\', details: { '😀': 'é\n', a: [1, null, true] } },
  draft(3),
  { ...draft(4), details: { id: draft(9).id, origin: 'daemon', '"id"': ',"id":"x"' }, target: ',"id":"y"' },
]

test('drafts that were sent to the thread that writes are sealed to the rows that they would be here', () => {
  const batches = [drafts.slice(0, 1), drafts.slice(1, 4), drafts.slice(4)].map(batchOf)
  const sent = structuredClone(packDrafts(batches))
  const { rows, seqs, head } = sealDrafts(sent, EMPTY, NONE)
  expect({ rows, head }).toEqual({ rows: seal(drafts, EMPTY).rows, head: seal(drafts, EMPTY).head })
  expect(seqs).toEqual(rows.map(({ seq }) => seq))
  for (const [n, { bytes }] of rows.entries()) {
    const { actor, target, details, id } = drafts[n]!
    expect(parseRow(bytes)).toMatchObject({ actor, target, details, id, seq: n })
  }
})

test('a row is known by its own id, whatever else it says', () => {
  for (const [n, { bytes }] of seal(drafts, EMPTY).rows.entries())
    expect(idIn(Buffer.from(bytes).toString())).toBe(drafts[n]?.id)
})

test('drafts that are in the log already get the rows that they have there, and nothing of them is saved again', () => {
  const known = commit('amount', '5', Buffer.alloc(32, 1))
  const fresh = commit('amount', '7', Buffer.alloc(32, 2))
  const before = seal([drafts[2]!, { ...drafts[4]!, commitments: [known] }], EMPTY)
  const survivors = new Map(before.rows.map(({ bytes, seq }) => [idIn(Buffer.from(bytes).toString()), seq]))
  const again = [drafts[2]!, { ...drafts[3]!, commitments: [fresh] }, { ...drafts[4]!, commitments: [known] }]
  const { rows, seqs, openings } = sealDrafts(packDrafts([batchOf(again)]), before.head, survivors)
  expect(seqs).toEqual([0, 2, 1])
  expect(rows.map(({ seq }) => seq)).toEqual([2])
  expect(openings).toMatchObject([{ seq: 2, field: 'amount', value: '"7"' }])
})
