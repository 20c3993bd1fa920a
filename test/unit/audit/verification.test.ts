import { describe, expect, test } from 'vitest'
import {
  AUDIT_FAULTS,
  checkProof,
  createCheckpointSchedule,
  type Evidence,
  formatProof,
  leafHash,
  MAX_UNSIGNED_ROWS,
  proveInclusion,
  type RowProof,
  signCheckpoint,
  verifyLog,
} from '../../../packages/server/src/audit/index.js'
import { checkpointsOf, inOrder, LOG, makeLog, testSigner } from '../../fixtures/audit-logs.js'

const KEEPER = testSigner(1)
const NEXT = testSigner(3)
const log = makeLog(40)
const verify = (rows: readonly Evidence[], checkpoints: readonly string[], more = {}) =>
  verifyLog(inOrder(rows), { keys: [KEEPER.key], checkpoints, ...more })

describe('a log', () => {
  test('no bit of a row can be flipped unseen', async () => {
    const rows = log.rows.slice(0, 3)
    const checkpoints = checkpointsOf(log, [3], [KEEPER])
    for (const [seq, { bytes }] of rows.entries())
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const changed = Buffer.from(bytes)
        changed[bit >> 3]! ^= 1 << (bit & 7)
        const verdict = await verify(rows.with(seq, { ...rows[seq]!, bytes: changed }), checkpoints)
        if (verdict.ok || verdict.seq !== seq || verdict.fault !== 'changed')
          expect(verdict, `bit ${bit} of row ${seq}`).toEqual({ ok: false, seq, fault: 'changed' })
      }
  })

  test('is held against what stands beside a row in a store too', async () => {
    const checkpoints = checkpointsOf(log, [40], [KEEPER])
    expect(await verify(log.rows, checkpoints)).toMatchObject({ ok: true })
    for (const beside of [{ seq: 90 }, { rowHash: log.rows[6]!.rowHash }])
      expect(await verify(log.rows.with(7, { ...log.rows[7]!, ...beside }), checkpoints)).toEqual({
        ok: false,
        seq: 7,
        fault: 'changed',
      })
  })

  test('may have rows behind its newest checkpoint, but not without end', async () => {
    const checkpoints = checkpointsOf(log, [5, 30], [KEEPER])
    expect(await verify(log.rows, checkpoints, { maxUnsignedRows: 10 })).toMatchObject({ ok: true, signedSize: 30 })
    const verdict = await verify(log.rows, checkpoints, { maxUnsignedRows: 9 })
    expect(verdict).toEqual({ ok: false, seq: 30, fault: 'unsigned' })
    const long = makeLog(MAX_UNSIGNED_ROWS + 2)
    const [early = ''] = checkpointsOf(long, [1], [KEEPER])
    expect(await verify(long.rows, [early])).toEqual({ ok: false, seq: 1, fault: 'unsigned' })
    expect(await verify(long.rows.slice(0, -1), [early])).toMatchObject({ ok: true })
  })

  test('is checked on from where an earlier check ended', async () => {
    const checkpoints = checkpointsOf(log, [10, 25, 40], [KEEPER])
    const first = await verify(log.rows.slice(0, 25), checkpoints.slice(0, 2))
    if (!first.ok) throw new Error(first.fault)
    expect(first).toMatchObject({ head: log.heads[25], signedAtSeconds: 1_795_233_625 })
    expect(await verify(log.rows.slice(25), checkpoints, { start: first.head })).toMatchObject({
      ok: true,
      signedSize: 40,
    })
    const rewritten = makeLog(15, log.heads[25], 'b').rows
    expect(await verify(rewritten, checkpoints, { start: first.head })).toEqual({
      ok: false,
      seq: 25,
      fault: 'rewritten',
    })
  })

  test('whose key was changed is checked with both keys, and with one up to where the other signs alone', async () => {
    const checkpoints = [
      ...checkpointsOf(log, [10], [KEEPER]),
      ...checkpointsOf(log, [20], [KEEPER, NEXT]),
      ...checkpointsOf(log, [30], [NEXT]),
    ]
    expect(await verify(log.rows, checkpoints, { keys: [KEEPER.key, NEXT.key] })).toMatchObject({
      ok: true,
      signedSize: 30,
    })
    expect(await verify(log.rows, checkpoints.slice(0, 2))).toMatchObject({ ok: true, signedSize: 20 })
    expect(await verify(log.rows, checkpoints)).toEqual({ ok: false, seq: 20, fault: 'foreign key' })
    expect(await verify(log.rows, checkpoints, { keys: [NEXT.key] })).toEqual({
      ok: false,
      seq: 0,
      fault: 'foreign key',
    })
  })

  test('reads no further than it must', async () => {
    let read = 0
    async function* counted() {
      for (const row of log.rows.with(3, { bytes: Buffer.from('x') } as never)) {
        read++
        yield row
      }
    }
    const checkpoints = checkpointsOf(log, [40], [KEEPER])
    const verdict = await verifyLog(counted(), { keys: [KEEPER.key], checkpoints })
    expect([verdict, read]).toEqual([{ ok: false, seq: 3, fault: 'changed' }, 4])
  })

  test('needs keys, all of one log', async () => {
    const refused = expect.objectContaining({ code: 'AUDIT_KEY_INVALID' })
    await expect(verify([], [], { keys: [] })).rejects.toThrow(refused)
    await expect(verify([], [], { keys: [KEEPER.key, testSigner(1, 'example.com/b').key] })).rejects.toThrow(refused)
  })

  test('tells of its way, every 10,000 rows', async () => {
    const long = makeLog(20_500)
    const told: number[] = []
    const setup = { keys: [KEEPER.key], checkpoints: checkpointsOf(long, [20_500], [KEEPER]) }
    const verdict = await verifyLog(inOrder(long.rows), setup, { onProgress: ({ rows }) => told.push(rows) })
    expect([verdict.ok, told]).toEqual([true, [10_000, 20_000]])
  })
})

describe('the proof of one row', () => {
  const leaves = async (seq: number, size: number): Promise<RowProof> => {
    const hashes = await proveInclusion(
      { hashes: async (_, from, to) => log.rows.slice(from, to).map(({ bytes }) => leafHash(bytes)) },
      seq,
      size,
    )
    return { bytes: log.rows[seq]!.bytes, seq, hashes, note: checkpointsOf(log, [size], [KEEPER])[0]! }
  }

  test('is a tlog-proof that shows the row to whoever has the key', async () => {
    for (const [seq, size] of [
      [0, 1],
      [0, 40],
      [12, 33],
      [39, 40],
    ] as const) {
      const text = formatProof(await leaves(seq, size))
      expect(text.startsWith('c2sp.org/tlog-proof@v1\nextra ')).toBe(true)
      expect(checkProof(text, [KEEPER.key])).toMatchObject({
        ok: true,
        row: { seq, actor: `agent-${seq % 4}` },
        checkpoint: { log: LOG, size },
      })
    }
  })

  test('shows nothing once anything in it is another', async () => {
    const proof = await leaves(12, 33)
    const faultOf = (changed: Partial<RowProof>, keys = [KEEPER.key]) => {
      const verdict = checkProof(formatProof({ ...proof, ...changed }), keys)
      return verdict.ok ? undefined : verdict.fault
    }
    expect(faultOf({})).toBeUndefined()
    expect(faultOf({ bytes: log.rows[13]!.bytes })).toBe('changed')
    expect(faultOf({ bytes: makeLog(1, log.heads[12], 'b').rows[0]!.bytes })).toBe('changed')
    expect(faultOf({ seq: 13 })).toBe('changed')
    expect(faultOf({ hashes: proof.hashes.slice(1) })).toBe('changed')
    expect(faultOf({ hashes: proof.hashes.toReversed() })).toBe('changed')
    expect(faultOf({ note: proof.note.replace('33\n', '34\n') })).toBe('unsigned')
    expect(faultOf({}, [NEXT.key])).toBe('foreign key')
    expect(faultOf({}, [])).toBe('foreign key')
    const lying = { ...log.heads[0]!, frontier: { size: 1, hashes: [leafHash(log.rows[5]!.bytes)] } }
    const misplaced = { bytes: log.rows[5]!.bytes, seq: 0, hashes: [], note: signCheckpoint(lying, 0, [KEEPER]) }
    expect(faultOf(misplaced)).toBe('changed')
    expect(checkProof('x'.repeat(300_000), [KEEPER.key])).toEqual({ ok: false, fault: 'changed' })
  })
})

describe('the time of checkpoints', () => {
  const TIMES = { everyRows: 100, everyMs: 10_000, idleMs: 300_000 }

  test('the first is due at once; then after so many rows, so long with a new row, and longer without', () => {
    const schedule = createCheckpointSchedule(TIMES)
    expect(schedule.dueInMs(0, 5000)).toBe(0)
    schedule.made(0, 5000)
    expect(schedule.dueInMs(0, 6000)).toBe(299_000)
    expect(schedule.dueInMs(1, 6000)).toBe(9000)
    expect(schedule.dueInMs(99, 15_000)).toBe(0)
    expect(schedule.dueInMs(100, 5001)).toBe(0)
    schedule.made(100, 15_000)
    expect(schedule.dueInMs(100, 315_000)).toBe(0)
    expect(schedule.dueInMs(199, 15_000)).toBe(10_000)
  })
})

test('every fault that a verifier can name is explained', () => {
  expect(Object.keys(AUDIT_FAULTS)).toEqual([
    'changed',
    'missing',
    'reordered',
    'cut',
    'forked',
    'rewritten',
    'unsigned',
    'foreign key',
  ])
})
