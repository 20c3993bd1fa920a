/** What every store of the audit log keeps to: one suite, run against each. */
import { mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  type AuditFilter,
  type AuditStore,
  beginLog,
  commit,
  type Draft,
  growFrontier,
  leafHash,
  opens,
  parseRow,
  proveConsistency,
  proveInclusion,
  readLeavesFile,
  readRowsFile,
  type StoredRow,
  signCheckpoint,
  verifyConsistency,
  verifyInclusion,
  verifyLog,
} from '../../../packages/server/src/audit/index.js'
import { wholeOf } from '../../../packages/server/src/audit-log/index.js'
import { openAuditStore, type Place, type WatchedAuditStore } from '../../../packages/server/src/audit-store/index.js'
import { draft, inOrder, LOG, START_SECONDS, testSigner } from '../../fixtures/audit-logs.js'

export interface Kind {
  readonly name: string
  /** Title of the test that rows stay as they are: the promises that it shows. */
  readonly keepsRows: string
  /** A place where nothing is yet. */
  place(): Promise<Place>
  /** Runs SQL by a program of its own. `rows` is the view or table of rows, `data` the table they lie in. */
  sql(place: Place, statement: string): Promise<readonly (readonly unknown[])[]>
  readonly tables: { readonly rows: string; readonly data: string }
  /** Ways to replace a row that this database has beyond UPDATE and DELETE. */
  readonly tricks: readonly string[]
  /** Takes the guards off the rows, as whoever owns the database can. */
  readonly unguard: string
  /** What such an owner does to a log of 20 rows, and what a verifier says of it. */
  readonly tampering: readonly Tampering[]
}

export type Tampering = readonly [what: string, sql: string, seq: number, fault: string]

export function tempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'mcp-vitals-audit-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

export async function openAt(place: Place, log = LOG): Promise<WatchedAuditStore> {
  const store = await openAuditStore({ place, log })
  onTestFinished(() => store.close(), 30_000)
  return store
}

const signer = testSigner(1)

/** Signs the log as it stands, and has the store keep it. */
export async function sign(store: AuditStore): Promise<string> {
  const head = await store.head()
  const note = signCheckpoint(head, START_SECONDS, [signer])
  await store.saveCheckpoint({ size: head.frontier.size, note })
  return note
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

/** Appends, and reads back the rows of the drafts. */
export async function appended(store: AuditStore, drafts: readonly Draft[]): Promise<readonly StoredRow[]> {
  const seqs = await store.append(drafts)
  const rows = await all(store.read({ fromSeq: Math.min(...seqs) }))
  return seqs.map((at) => rows.find(({ seq }) => seq === at)!)
}

export const many = (count: number, from = 0): Draft[] => Array.from({ length: count }, (_, n) => draft(from + n))

async function verdictOf(store: AuditStore) {
  const start = (await store.segments()).at(-1)?.end
  const checkpoints = (await store.checkpoints()).map(({ note }) => note)
  const rows = store.read({ fromSeq: start?.frontier.size ?? 0 })
  return verifyLog(rows, { keys: [signer.key], checkpoints, ...(start && { start }) })
}

export function storeSuite(kind: Kind): void {
  describe(kind.name, () => {
    test('what is appended comes back as one sound log, after a new start as well', async () => {
      const place = await kind.place()
      const store = await openAt(place)
      expect(await store.head()).toEqual(beginLog(LOG))
      const rows = [...(await appended(store, many(3))), ...(await appended(store, many(700, 3)))]
      await sign(store)
      expect(await all(store.read({ fromSeq: 0 }))).toEqual(rows)
      expect(await all(store.read({ fromSeq: 700, toSeq: 702 }))).toEqual(rows.slice(700, 702))
      await store.close()
      const again = await openAt(place)
      expect(await again.append(many(1, 703))).toEqual([703])
      expect(await verdictOf(again)).toMatchObject({ ok: true, signedSize: 703, head: { frontier: { size: 704 } } })
    })

    test('many at once are saved in groups, each answered with the places of its own rows, and one that may be no row fails alone', async () => {
      const store = await openAt(await kind.place())
      const asked = many(300).map((one, n) => (n === 150 ? { ...one, actor: '' } : one))
      const answers = await Promise.allSettled(asked.map((one) => store.append([one])))
      const rows = await all(store.read({ fromSeq: 0 }))
      for (const [n, answer] of answers.entries()) {
        if (n === 150) expect(answer).toMatchObject({ reason: { code: 'AUDIT_DRAFT_INVALID' } })
        else {
          const [seq, ...more] = (answer as PromiseFulfilledResult<number[]>).value
          expect(more).toEqual([])
          expect(parseRow(rows[seq!]!.bytes).id).toBe(asked[n]!.id)
        }
      }
      await sign(store)
      expect(await verdictOf(store)).toMatchObject({ ok: true, signedSize: 299 })
      expect(store.stats()).toMatchObject({ committedRows: 299, failedRows: 1, waitingRows: 0, size: 299 })
      expect(store.stats().commits).toBeLessThan(20)
    })

    test('two programs that write one log take turns, and it stays one chain', async () => {
      const place = await kind.place()
      const [one, other] = [await openAt(place), await openAt(place)]
      const written = await Promise.all(
        many(200).map((each, n) => (n % 2 === 0 ? one : other).append([each, { ...draft(n + 1000) }])),
      )
      for (const [first, second] of written) expect(second).toBe(first! + 1)
      await sign(other)
      expect(await verdictOf(one)).toMatchObject({ ok: true, signedSize: 400 })
    })

    test(kind.keepsRows, async () => {
      const place = await kind.place()
      const store = await openAt(place)
      await store.append(many(5))
      const { rows, data } = kind.tables
      const before = await kind.sql(place, `SELECT * FROM ${rows} ORDER BY seq`)
      for (const statement of [
        `UPDATE ${data} SET row_hash = 'x' WHERE seq = 2`,
        `UPDATE ${data} SET seq = 9 WHERE seq = 4`,
        `DELETE FROM ${data} WHERE seq = 4`,
        `DELETE FROM ${data}`,
        ...kind.tricks,
      ])
        await expect(kind.sql(place, statement), statement).rejects.toThrow(/never/)
      expect(await kind.sql(place, `SELECT * FROM ${rows} ORDER BY seq`)).toEqual(before)
      await sign(store)
      expect(await verdictOf(store)).toMatchObject({ ok: true })
    })

    test('whoever looks with SQL finds the fields of each row by their names', async () => {
      const place = await kind.place()
      const store = await openAt(place)
      const [, row] = await appended(store, many(2))
      const { actor, details, event_type, id, prev_hash, row_hash, target, timestamp } = parseRow(row!.bytes)
      const columns = 'id, timestamp, event_type, actor, target, details, prev_hash, row_hash'
      const [found] = await kind.sql(place, `SELECT ${columns} FROM ${kind.tables.rows} WHERE seq = 1`)
      const [, , , , , foundDetails] = found!
      expect(typeof foundDetails === 'string' ? JSON.parse(foundDetails) : foundDetails).toEqual(details)
      expect(found!.toSpliced(5, 1)).toEqual([id, timestamp, event_type, actor, target, prev_hash, row_hash])
    })

    test('a search gives what a filter of all rows would, newest first, a page after the other', async () => {
      const store = await openAt(await kind.place())
      const rows: StoredRow[] = []
      for (let n = 0; n < 400; n += 1 + (n % 7)) {
        const batch = many(1 + (n % 7), n).map((one, k) => ({
          ...one,
          target: (n + k) % 11 === 0 ? 'né "é"' : one.target,
        }))
        rows.push(...(await appended(store, batch)))
      }
      const time = fc.integer({ min: 0, max: 400 }).map((n) => new Date((START_SECONDS + n) * 1000).toISOString())
      const filters = fc.record(
        {
          eventTypes: fc.subarray(['SESSION_OPENED', 'TOOL_CALLED', 'PROVISION'] as const, { minLength: 1 }),
          actor: fc.constantFrom('agent-1', 'agent-3', 'nobody'),
          target: fc.constantFrom('notes.a', 'né "é"'),
          since: time,
          until: time,
          text: fc.constantFrom('agent-2', 'ingest:reporter', '"é"', 'absent'),
          beforeSeq: fc.integer({ min: 0, max: 450 }),
          limit: fc.integer({ min: 1, max: 120 }),
        },
        { requiredKeys: ['limit'] },
      )
      const expected = ({ eventTypes, actor, target, since, until, text, beforeSeq }: AuditFilter) =>
        rows
          .filter(({ seq, bytes }) => {
            const row = parseRow(bytes)
            return (
              seq < (beforeSeq ?? Number.POSITIVE_INFINITY) &&
              (!eventTypes || (eventTypes as string[]).includes(row.event_type)) &&
              (actor ?? row.actor) === row.actor &&
              (target ?? row.target) === row.target &&
              row.timestamp >= (since ?? '') &&
              row.timestamp < (until ?? '9') &&
              (text === undefined || JSON.stringify(row).includes(JSON.stringify(text).slice(1, -1)))
            )
          })
          .reverse()
      await fc.assert(
        fc.asyncProperty(filters, async (filter) => {
          const found: StoredRow[] = []
          for (let page = await store.find(filter); ; page = await store.find({ ...filter, beforeSeq: page.next! })) {
            expect(page.rows.length).toBeLessThanOrEqual(filter.limit)
            found.push(...page.rows)
            if (page.next === undefined) break
          }
          expect(found).toEqual(expected(filter))
        }),
        { numRuns: 40, seed: 6 },
      )
    })

    test('any row and any older size is proved, in rows that are there and in rows that were archived', async () => {
      const store = await openAt(await kind.place())
      const rows = await appended(store, many(900))
      const roots = new Map<number, string>()
      for (const size of [1, 256, 300, 900]) roots.set(size, rootAt(rows, size))
      await sign(store)
      const prove = async () => {
        for (const [seq, size] of [
          [0, 900],
          [255, 256],
          [256, 300],
          [700, 900],
          [899, 900],
        ] as const) {
          const proof = await proveInclusion(store.tree(), seq, size)
          expect(verifyInclusion(proof, seq, size, leafHash(rows[seq]!.bytes), roots.get(size)!)).toBe(true)
        }
        const older = await proveConsistency(store.tree(), 300, 900)
        expect(
          verifyConsistency(older, { size: 300, root: roots.get(300)! }, { size: 900, root: roots.get(900)! }),
        ).toBe(true)
      }
      await prove()
      expect(await store.archive(900, tempDir())).toMatchObject({ first: 0, end: { frontier: { size: 900 } } })
      await prove()
    })

    test('rows are archived up to a checkpoint, and what is verified spans the files and the store', async () => {
      const place = await kind.place()
      const store = await openAt(place)
      const rows = [...(await appended(store, many(2500)))]
      const dir = tempDir()
      expect(await store.archive(2000, dir)).toBeUndefined()
      await sign(store)
      rows.push(...(await appended(store, many(20, 2500))))
      const segment = (await store.archive(2510, dir))!
      expect(segment).toMatchObject({ first: 0, end: { log: LOG, lastHash: rows[2499]!.rowHash } })
      expect(await store.segments()).toEqual([segment])
      expect(await all(store.read({ fromSeq: 0 }))).toEqual(rows.slice(2500))
      expect(await verdictOf(store)).toMatchObject({ ok: true })
      const archived = await readRowsFile(inOrder([await readFile(segment.rowsFile)]))
      async function* both() {
        yield* archived.found
        yield* store.read({ fromSeq: 2500 })
      }
      const checkpoints = (await store.checkpoints()).map(({ note }) => note)
      expect(await verifyLog(both(), { keys: [signer.key], checkpoints, start: archived.start })).toMatchObject({
        ok: true,
        head: { frontier: { size: 2520 } },
      })
      const leaves = await readLeavesFile(inOrder([await readFile(segment.leavesFile)]))
      expect(await verifyLog(leaves.found, { keys: [signer.key], checkpoints })).toMatchObject({ ok: true })
      await expect(kind.sql(place, `DELETE FROM ${kind.tables.data} WHERE seq = 2501`)).rejects.toThrow(/never/)
      await store.close()
      const again = await openAt(place)
      expect(await again.append(many(1, 2520))).toEqual([2520])
      await sign(again)
      expect(await again.archive(2521, dir)).toMatchObject({ first: 2500 })
    })

    test('of the checkpoints of archived rows few are kept, and the log around them still holds', async () => {
      const store = await openAt(await kind.place())
      for (let from = 0; from < 2500; from += 250) {
        await store.append(many(250, from))
        await sign(store)
      }
      const sizes = async () => (await store.checkpoints()).map(({ size }) => size)
      const dir = tempDir()
      const segments = [await store.archive(1000, dir)]
      expect(await sizes()).toEqual([750, 1000, 1250, 1500, 1750, 2000, 2250, 2500])
      expect(await verdictOf(store)).toMatchObject({ ok: true, head: { frontier: { size: 2500 } } })
      segments.push(await store.archive(2500, dir))
      expect(await sizes()).toEqual([750, 1000, 1750, 2250, 2500])
      const checkpoints = (await store.checkpoints()).map(({ note }) => note)
      async function* inFiles() {
        for (const segment of segments) yield* (await readRowsFile(inOrder([await readFile(segment!.rowsFile)]))).found
      }
      expect(await verifyLog(inFiles(), { keys: [signer.key], checkpoints })).toMatchObject({
        ok: true,
        signedSize: 2500,
      })
    })

    test('a log whose archive was moved away is written on after a new start', async () => {
      const place = await kind.place()
      const store = await openAt(place)
      const dir = tempDir()
      await store.append(many(90))
      await sign(store)
      await store.archive(90, dir)
      await store.append(many(40, 90))
      await sign(store)
      await store.close()
      rmSync(dir, { recursive: true })
      const again = await openAt(place)
      expect(await again.append(many(1, 130))).toEqual([130])
      expect(await verdictOf(again)).toMatchObject({ ok: true, signedSize: 130 })
    })

    test('a committed value can be opened until it is erased, and the log holds as before', async () => {
      const store = await openAt(await kind.place())
      const commitment = commit('arguments.path', '/tmp/secret', Buffer.alloc(32, 7))
      const [row] = await appended(store, [{ ...draft(0), commitments: [commitment] }])
      await store.append(many(1, 1))
      await sign(store)
      const [opening] = await store.openings(0)
      const { commitments } = parseRow(row!.bytes).details as { commitments: Record<string, string> }
      expect(opening?.field).toBe('arguments.path')
      expect(opens(commitments['arguments.path']!, opening!)).toBe(true)
      expect(
        await store.erase([
          { seq: 0, field: 'arguments.path' },
          { seq: 1, field: 'nothing' },
        ]),
      ).toBe(1)
      expect(await store.openings(0)).toEqual([])
      expect(await verdictOf(store)).toMatchObject({ ok: true })
    })

    test.each(kind.tampering)('%s is found by who verifies what lies there', async (_, statement, seq, fault) => {
      const place = await kind.place()
      const store = await openAt(place)
      await store.append(many(20))
      await sign(store)
      for (const each of [kind.unguard, statement]) await kind.sql(place, each)
      const { found, checkpoints } = await wholeOf(store)
      expect(await verifyLog(found, { keys: [signer.key], checkpoints })).toEqual({ ok: false, seq, fault })
    })

    test('checkpoints are kept by size, the later of two of one size', async () => {
      const store = await openAt(await kind.place())
      await store.saveCheckpoint({ size: 0, note: 'a' })
      await store.saveCheckpoint({ size: 7, note: 'b' })
      await store.saveCheckpoint({ size: 0, note: 'c' })
      expect(await store.checkpoints()).toEqual([
        { size: 0, note: 'c' },
        { size: 7, note: 'b' },
      ])
      expect(await store.checkpoints({ fromSize: 1 })).toEqual([{ size: 7, note: 'b' }])
    })

    test('beyond its queue the store refuses, says how much waits, and loses nothing that it took', async () => {
      const store = await openAt(await kind.place())
      const first = store.append(many(15_000))
      const second = store.append(many(15_000, 15_000))
      await expect(second).rejects.toMatchObject({
        code: 'AUDIT_BUSY',
        message: expect.stringContaining('15000 rows waiting'),
      })
      expect(await first).toHaveLength(15_000)
      expect(store.stats()).toMatchObject({ refusedRows: 15_000, committedRows: 15_000 })
    })
  })
}

function rootAt(rows: readonly StoredRow[], size: number): string {
  const tree = growFrontier()
  for (const { bytes } of rows.slice(0, size)) tree.append(leafHash(bytes))
  return tree.root()
}
