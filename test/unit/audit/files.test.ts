import { describe, expect, test } from 'vitest'
import {
  type AuditHead,
  beginLog,
  joinNotes,
  leafHash,
  oneAfterTheOther,
  readLeavesFile,
  readRowsFile,
  type StoredRow,
  writeLeavesFile,
} from '../../../packages/server/src/audit/index.js'
import {
  checkpointsOf,
  inOrder,
  LOG,
  makeLog,
  rowsFile,
  testSigner,
  verifyFile,
  verifyFound,
  whole,
} from '../../fixtures/audit-logs.js'

const KEEPER = testSigner(1)
const KEYS = [KEEPER.key]
const log = makeLog(100)
const at = (size: number): AuditHead => log.heads[size]!
const checkpoints = joinNotes(checkpointsOf(log, [20, 50, 90], [KEEPER]))

const leavesFile = (from: number, to: number): Promise<Buffer> =>
  whole(writeLeavesFile(at(from), inOrder(log.rows.slice(from, to).map(({ bytes }) => leafHash(bytes))), at(to)))

/** The same bytes in pieces of a size. */
const inPieces = (file: Buffer, size: number) =>
  inOrder(Array.from({ length: Math.ceil(file.length / size) }, (_, n) => file.subarray(n * size, (n + 1) * size)))

describe('a file of rows', () => {
  test('begins with where it begins, and holds the stored bytes, a row a line', async () => {
    const [head = '', ...lines] = (await rowsFile(at(6), log.rows.slice(6, 9))).toString().split('\n')
    expect(JSON.parse(head)).toEqual({
      format: 'mcp-vitals/audit-rows/v1',
      log: LOG,
      first: 6,
      prev_hash: log.rows[5]!.rowHash,
      frontier: at(6).frontier.hashes,
    })
    expect(lines).toEqual([...log.rows.slice(6, 9).map(({ bytes }) => Buffer.from(bytes).toString()), ''])
  })

  test('is read the same, in whatever pieces it comes', async () => {
    const file = await rowsFile(at(0), log.rows)
    for (const size of [1, 7, 410, 70_000]) {
      const { start, found } = await readRowsFile(inPieces(file, size))
      const verdict = await verifyFound(found, { start, checkpoints, keys: KEYS })
      expect(verdict, `${size}`).toMatchObject({ ok: true, head: at(100), signedSize: 90 })
    }
  })

  test('that begins in the middle is checked from there on, and shows its beginning to be right', async () => {
    const file = await rowsFile(at(33), log.rows.slice(33, 60))
    const upTo50 = joinNotes(checkpointsOf(log, [20, 50], [KEEPER]))
    expect(await verifyFile(file, upTo50, KEYS)).toMatchObject({ ok: true, signedSize: 50 })
    const elsewhere = await rowsFile(
      { ...at(33), frontier: { size: 33, hashes: at(65).frontier.hashes } },
      log.rows.slice(33, 60),
    )
    expect(await verifyFile(elsewhere, upTo50, KEYS)).toEqual({ ok: false, seq: 33, fault: 'rewritten' })
    const before = joinNotes(checkpointsOf(log, [20], [KEEPER]))
    expect(await verifyFile(file, before, KEYS)).toEqual({ ok: false, seq: 33, fault: 'unsigned' })
  })

  test('without end in one line fills no memory, and is no row', async () => {
    let sent = 0
    async function* endless() {
      yield await rowsFile(at(0), [])
      for (;;) {
        sent += 65_536
        yield Buffer.alloc(65_536, 'x')
      }
    }
    const { start, found } = await readRowsFile(endless())
    expect(await verifyFound(found, { start, checkpoints, keys: KEYS })).toEqual({
      ok: false,
      seq: 0,
      fault: 'changed',
    })
    expect(sent).toBeLessThan(1_000_000)
  })
})

describe('archives', () => {
  test('and the live rows are checked as one log, with rows or with leaf hashes in their place', async () => {
    const rows = await readRowsFile(inOrder([await rowsFile(at(0), log.rows.slice(0, 20))]))
    const leaves = await readLeavesFile(inPieces(await leavesFile(20, 50), 100))
    const live = inOrder(log.rows.slice(50))
    const found = oneAfterTheOther([rows.found, leaves.found, live])
    const verdict = await verifyFound(found, { start: rows.start, checkpoints, keys: KEYS })
    expect(verdict).toMatchObject({ ok: true, head: at(100), signedSize: 90 })
  })

  test('that were changed, lack a row, or lie in another order are found', async () => {
    const verdictOf = async (parts: readonly (Buffer | readonly StoredRow[])[]) => {
      const files = await Promise.all(
        parts.map(async (part) =>
          part instanceof Buffer
            ? (await readLeavesFile(inOrder([part]))).found
            : inOrder(part as readonly StoredRow[]),
        ),
      )
      return verifyFound(oneAfterTheOther(files), { start: beginLog(LOG), checkpoints, keys: KEYS })
    }
    const [first, second] = [await leavesFile(0, 20), await leavesFile(20, 50)]
    const live = log.rows.slice(50)
    expect(await verdictOf([first, second, live])).toMatchObject({ ok: true })

    const changed = Buffer.from(second)
    changed[changed.length - 40]! ^= 1
    expect(await verdictOf([first, changed, live])).toEqual({ ok: false, seq: 20, fault: 'rewritten' })
    expect(await verdictOf([first, live])).toEqual({ ok: false, seq: 20, fault: 'missing' })
    expect(await verdictOf([second, first, live])).toEqual({ ok: false, seq: 0, fault: 'reordered' })
    expect(await verdictOf([first, first, second, live])).toEqual({ ok: false, seq: 20, fault: 'reordered' })
    expect(await verdictOf([first, second.subarray(0, -32), live])).toEqual({ ok: false, seq: 49, fault: 'missing' })
    expect(await verdictOf([first, second])).toEqual({ ok: false, seq: 50, fault: 'cut' })
    const otherEnd = Buffer.from(second.toString('latin1').replace(at(50).lastHash, at(49).lastHash), 'latin1')
    expect(await verdictOf([first, otherEnd, live])).toEqual({ ok: false, seq: 20, fault: 'rewritten' })
  })
})

describe('what is no such file', () => {
  const refused = expect.objectContaining({ code: 'AUDIT_FILE_INVALID' })
  const header = {
    format: 'mcp-vitals/audit-rows/v1',
    log: LOG,
    first: 3,
    prev_hash: at(3).lastHash,
    frontier: at(3).frontier.hashes,
  }

  test.each<[string, unknown]>([
    ['another format', { ...header, format: 'mcp-vitals/audit-rows/v2' }],
    ['no place', { ...header, first: -1 }],
    ['a frontier of another size', { ...header, frontier: [] }],
    ['what is no hash', { ...header, prev_hash: 'x' }],
    ['a list', []],
    ['nothing', null],
  ])('has %s in its first line', async (_, first) => {
    await expect(readRowsFile(inOrder([Buffer.from(`${JSON.stringify(first)}\n`)]))).rejects.toThrow(refused)
  })

  test('is empty, is no JSON, or is the other kind', async () => {
    await expect(readRowsFile(inOrder([]))).rejects.toThrow(refused)
    await expect(readRowsFile(inOrder([Buffer.from('rows\n')]))).rejects.toThrow(refused)
    await expect(readRowsFile(inOrder([await leavesFile(0, 3)]))).rejects.toThrow(refused)
    await expect(readLeavesFile(inOrder([await rowsFile(at(0), [])]))).rejects.toThrow(refused)
  })

  test('has more leaf hashes than it says, or half of one', async () => {
    const file = await leavesFile(0, 20)
    for (const more of [Buffer.alloc(32), Buffer.alloc(5)]) {
      const { start, found } = await readLeavesFile(inOrder([file, more]))
      await expect(verifyFound(found, { start, checkpoints, keys: KEYS })).rejects.toThrow(refused)
    }
  })
})
