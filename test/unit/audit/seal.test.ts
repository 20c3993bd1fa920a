import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  AUDIT_EVENTS,
  beginLog,
  commit,
  type Draft,
  type Json,
  opens,
  originHash,
  parseRow,
  seal,
} from '../../../packages/server/src/audit/index.js'
import { draft, LOG, makeLog } from '../../fixtures/audit-logs.js'
import { promises } from '../../requirements.js'

const sha256 = (...parts: readonly (string | Uint8Array)[]) => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}
const EMPTY = beginLog(LOG)

describe('rows', () => {
  test(
    promises(
      'A6.audit.field-id',
      'A6.audit.field-timestamp',
      'A6.audit.field-event-type',
      'A6.audit.field-actor',
      'A6.audit.field-target',
      'A6.audit.field-details',
      'A6.audit.field-prev-hash',
      'A6.audit.field-row-hash',
    ),
    () => {
      const one: Draft = {
        ...draft(1),
        eventType: 'PROVISION',
        actor: 'agent-001',
        details: { z: 1, a: { b: ['é', null] } },
      }
      const [{ bytes, rowHash } = { bytes: Buffer.alloc(0), rowHash: '' }] = seal([one], EMPTY).rows
      expect(Buffer.from(bytes).toString()).toBe(
        `{"actor":"agent-001","details":{"a":{"b":["é",null]},"z":1},"event_type":"PROVISION","id":"${one.id}",` +
          `"origin":"daemon","prev_hash":"${originHash(LOG)}","row_hash":"${rowHash}","seq":0,"target":"notes.a",` +
          `"timestamp":"2026-11-21T04:00:01.000Z","version":1}`,
      )
    },
  )

  test(promises('A6.audit.hash-chain'), () => {
    const { rows, heads } = makeLog(5)
    expect(originHash(LOG)).toBe(sha256(`mcp-vitals/audit/log/v1\n${LOG}`))
    let last = originHash(LOG)
    for (const [seq, { bytes, rowHash }] of rows.entries()) {
      const row = parseRow(bytes)
      const bare = Buffer.from(bytes).toString().replace(`,"row_hash":"${row.row_hash}"`, '')
      expect(row).toMatchObject({ seq, prev_hash: last, row_hash: sha256('mcp-vitals/audit/row/v1\n', bare) })
      expect(rowHash).toBe(row.row_hash)
      last = rowHash
      expect(heads[seq + 1]).toMatchObject({ lastHash: last, frontier: { size: seq + 1 } })
    }
  })

  test('many at once are the rows that one by one would be, and the head that they were sealed behind stays', () => {
    const drafts = Array.from({ length: 300 }, (_, n) => draft(n))
    const { rows, head, nodes } = seal(drafts, EMPTY)
    const single = makeLog(300)
    expect(rows).toEqual(single.rows)
    expect(head).toEqual(single.heads.at(-1))
    expect(EMPTY.frontier.hashes).toEqual([])
    const { hashes } = single.heads[256]!.frontier
    expect(nodes).toEqual([{ level: 8, index: 0, hash: hashes[0] }])
  })
})

describe('what may be no row', () => {
  const refused: readonly (readonly [string, Partial<Record<keyof Draft, unknown>>, string])[] = [
    ['an id that is no UUID', { id: 'x' }, 'id is no UUID'],
    ['a time without milliseconds', { timestamp: '2026-11-21T04:00:00Z' }, 'timestamp is no time'],
    ['a day that no calendar has', { timestamp: '2026-02-30T04:00:00.000Z' }, 'timestamp is no time'],
    ['a type that does not exist', { eventType: 'toString' }, 'there is no such type'],
    ['no actor', { actor: '' }, 'actor has 0 characters, not 1 to 128'],
    ['an endless target', { target: 'x'.repeat(257) }, 'target has 257 characters'],
    ['half of a surrogate pair', { target: '\ud800' }, 'target has half of a surrogate pair'],
    ['a fraction', { details: { ms: 0.5 } }, 'details.ms is 0.5; only whole numbers'],
    ['details that are a list', { details: [] }, 'details is no object'],
    ['too many details', { details: { text: 'x'.repeat(8192) } }, 'details has 8203 bytes, more than 8192'],
    ['commitments of its own making', { details: { commitments: {} } }, 'details.commitments is filled in by the log'],
    ['an origin that nobody has', { origin: 'ingest:' }, 'origin is neither daemon nor ingest:<name of a key>'],
    [
      'what a sender may not claim',
      { eventType: 'KEY_ROTATED', origin: 'ingest:k' },
      'only the daemon writes it, not ingest:k',
    ],
  ]
  test.each(refused)('%s', (_, change, reason) => {
    const bad = { ...draft(1), ...change } as Draft
    const thrown = expect.objectContaining({ code: 'AUDIT_DRAFT_INVALID', message: expect.stringContaining(reason) })
    expect(() => seal([draft(0), bad], EMPTY)).toThrow(thrown)
  })

  test('a sender may claim what is marked so, and nothing that the daemon alone decides', () => {
    const allowed = Object.entries(AUDIT_EVENTS).filter(([, { writer }]) => writer === 'ingest')
    for (const [eventType, { writer }] of Object.entries(AUDIT_EVENTS)) {
      const one = { ...draft(1), eventType, origin: 'ingest:reporter' } as Draft
      if (writer === 'ingest') expect(seal([one], EMPTY).rows, eventType).toHaveLength(1)
      else expect(() => seal([one], EMPTY), eventType).toThrow('only the daemon writes it')
    }
    const names = allowed.map(([name]) => name)
    for (const own of ['ADMIN_LOGIN', 'CONFIG_CHANGED', 'ALERT_FIRED', 'EXPORT', 'ERASURE', 'KEY_ROTATED'])
      expect(names).not.toContain(own)
  })
})

describe('commitments', () => {
  const SALT = Buffer.alloc(32, 7)

  test('a row holds the digest alone; salt and value open it, and nothing else does', () => {
    const commitment = commit('arguments.path', '/home/ann', SALT)
    const [row] = seal([{ ...draft(1), commitments: [commitment] }], EMPTY).rows
    const text = Buffer.from(row!.bytes).toString()
    expect(text).not.toContain('ann')
    expect(parseRow(row!.bytes).details.commitments).toEqual({ 'arguments.path': commitment.digest })
    expect(opens(commitment.digest, commitment)).toBe(true)
    expect(opens(commitment.digest, { ...commitment, value: '"/home/bob"' })).toBe(false)
    expect(opens(commitment.digest, { ...commitment, salt: Buffer.alloc(32, 8) })).toBe(false)
  })

  test.each<[string, Json]>([
    ['a number', 4111],
    ['a fraction', 0.1],
    ['text that looks like the number', '4111'],
    ['an object', { b: 1, a: [true, null] }],
  ])('%s is committed to like everything else', (_, value) => {
    const { digest, value: text } = commit('field', value, SALT)
    expect(JSON.parse(text)).toEqual(value)
    expect(digest).toMatch(/^[0-9a-f]{64}$/)
    expect(digest).not.toBe(commit('field', { other: value }, SALT).digest)
  })

  test('two of one name, too many, and such as are not whole are refused', () => {
    const one = commit('a', 1, SALT)
    const seventeen = Array.from({ length: 17 }, (_, n) => commit(`f${n}`, n, SALT))
    for (const commitments of [[one, one], seventeen, [{ ...one, digest: 'x' }], [{ ...one, field: '' }]])
      expect(() => seal([{ ...draft(1), commitments }], EMPTY)).toThrow(
        expect.objectContaining({ code: 'AUDIT_DRAFT_INVALID' }),
      )
    expect(() => commit('a', 1, Buffer.alloc(8))).toThrow(RangeError)
  })
})
