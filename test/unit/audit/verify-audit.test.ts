/** The verifier in Python: as a command, on a store's own file, and beside ours. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'libsql'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  beginLog,
  joinNotes,
  MAX_UNSIGNED_ROWS,
  parseVerifierKey,
  verifyLog,
} from '../../../packages/server/src/audit/index.js'
import { checkpointsOf, inOrder, LOG, makeLog, rowsFile, testSigner, verifyFile } from '../../fixtures/audit-logs.js'
import { verifyInPython, type Word, wordOf } from '../../fixtures/verify-audit.js'
import { promises } from '../../requirements.js'

const SCRIPT = join(import.meta.dirname, '../../../tools/verify_audit.py')
const KEEPER = testSigner(1)
const VKEY = KEEPER.key.vkey
const log = makeLog(60)
const SIZES = [20, 40, 60]
const notes = checkpointsOf(log, SIZES, [KEEPER])
/** What somebody kept elsewhere. */
const keptNote = notes[1]!

const dir = mkdtempSync(join(tmpdir(), 'mcp-vitals-verify-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))
const at = (name: string) => join(dir, name)

beforeAll(async () => {
  writeFileSync(at('rows.jsonl'), await rowsFile(beginLog(LOG), log.rows))
  writeFileSync(at('archive.jsonl'), await rowsFile(beginLog(LOG), log.rows.slice(0, 40)))
  writeFileSync(at('checkpoints'), joinNotes(notes))
  writeFileSync(at('kept'), keptNote)
})

/** Runs it as an auditor would. */
function command(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync('python3', [SCRIPT, ...args], { encoding: 'utf8' })
  return { status, stdout: stdout.trim(), stderr }
}

describe('the command', () => {
  test('says that a log holds, or which row is wrong and how, or that it cannot read', () => {
    expect(command('--key', VKEY, '--checkpoints', at('checkpoints'), at('rows.jsonl'))).toMatchObject({
      status: 0,
      stdout: 'holds: 60 rows',
    })
    writeFileSync(
      at('changed.jsonl'),
      readFileSync(at('rows.jsonl'), 'utf8').replace('"durationMs":31', '"durationMs":13'),
    )
    expect(command('--key', VKEY, '--checkpoints', at('kept'), at('changed.jsonl'))).toMatchObject({
      status: 1,
      stdout: 'row 31: changed',
    })
    const unread = command('--key', VKEY, at('nowhere.jsonl'))
    expect(unread.status).toBe(2)
    expect(unread.stderr).toContain('cannot be read')
    expect(command('--key', 'no key', at('rows.jsonl')).status).toBe(2)
  })

  test('takes what ours takes of rows behind the newest checkpoint', () => {
    const run = (...more: readonly string[]) =>
      command('--key', VKEY, '--checkpoints', at('kept'), ...more, at('rows.jsonl'))
    expect(run('--max-unsigned', '20').stdout).toBe('holds: 60 rows')
    expect(run('--max-unsigned', '19').stdout).toBe('row 40: unsigned')
    expect(readFileSync(SCRIPT, 'utf8')).toContain(`default=${MAX_UNSIGNED_ROWS}`)
  })

  test('takes no signature in which a number is written otherwise, and no key that is no point of the curve', async () => {
    const order = 2n ** 252n + 27742317777372353535851937790883648493n
    const encoded = / ([^ ]+)\n$/.exec(keptNote)?.[1] ?? ''
    const bytes = Buffer.from(encoded, 'base64')
    const s = BigInt(`0x${Buffer.from(bytes.subarray(36)).reverse().toString('hex')}`) + order
    Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse().copy(bytes, 36)
    writeFileSync(at('twisted'), keptNote.replace(encoded, bytes.toString('base64')))
    expect(command('--key', VKEY, '--checkpoints', at('twisted'), at('rows.jsonl')).stdout).toBe('row 0: unsigned')
    expect(await verifyFile(readFileSync(at('rows.jsonl')), readFileSync(at('twisted'), 'utf8'), [KEEPER.key])).toEqual(
      {
        ok: false,
        seq: 0,
        fault: 'unsigned',
      },
    )
    const noPoint = Buffer.concat([Buffer.from([1]), Buffer.alloc(32, 2)])
    const id = createHash('sha256').update(`${LOG}\n`).update(noPoint).digest('hex').slice(0, 8)
    writeFileSync(
      at('no-point'),
      keptNote.replace(encoded, Buffer.concat([Buffer.from(id, 'hex'), bytes.subarray(4)]).toString('base64')),
    )
    const vkey = `${LOG}+${id}+${noPoint.toString('base64')}`
    expect(command('--key', vkey, '--checkpoints', at('no-point'), at('rows.jsonl')).stdout).toBe('row 0: unsigned')
    const verdict = await verifyFile(readFileSync(at('rows.jsonl')), readFileSync(at('no-point'), 'utf8'), [
      parseVerifierKey(vkey),
    ])
    expect(verdict).toEqual({ ok: false, seq: 0, fault: 'unsigned' })
  })

  test('is short, and needs the standard library alone', () => {
    const lines = readFileSync(SCRIPT, 'utf8').trimEnd().split('\n')
    expect(lines.length).toBeLessThan(120)
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(120)
    const isolated = spawnSync('python3', ['-I', '-S', SCRIPT, '--help'], { encoding: 'utf8' })
    expect(isolated.status).toBe(0)
  })
})

/** A store's file, by the tables that the contract names. */
function store(name: string, tamper: (database: Database.Database) => void = () => {}): string {
  const database = new Database(at(name))
  database.exec(
    'PRAGMA synchronous = OFF; BEGIN; CREATE TABLE row_data (seq INTEGER PRIMARY KEY, bytes BLOB, row_hash TEXT); CREATE TABLE checkpoints (size INTEGER PRIMARY KEY, note TEXT);' +
      'CREATE TABLE segments (first INTEGER PRIMARY KEY, size INTEGER, last_hash TEXT, frontier TEXT)',
  )
  const row = database.prepare('INSERT INTO row_data VALUES (?, ?, ?)')
  for (const { seq, bytes, rowHash } of log.rows) row.run(seq, bytes, rowHash)
  const note = database.prepare('INSERT INTO checkpoints VALUES (?, ?)')
  for (const [index, size] of SIZES.entries()) note.run(size, notes[index])
  tamper(database)
  database.exec('COMMIT')
  database.close()
  return at(name)
}

interface FoundRow {
  readonly seq: number
  readonly bytes: unknown
  readonly rowHash: string
}

/** What is in the file, read as our own store reads it. */
function inStore(file: string) {
  const database = new Database(file, { readonly: true })
  const segment = database.prepare('SELECT size FROM segments ORDER BY first DESC').get() as
    | { size: number }
    | undefined
  const sql = `SELECT seq, bytes, row_hash AS rowHash FROM row_data WHERE seq >= ${segment?.size ?? -100} ORDER BY seq`
  const found = database.prepare(sql).all() as FoundRow[]
  // Of a BLOB libsql gives the bare buffer here; of anything else there are no bytes of a row.
  const rows = found.map((row) => ({
    ...row,
    bytes: row.bytes instanceof ArrayBuffer ? new Uint8Array(row.bytes) : new Uint8Array(),
  }))
  const kept = database.prepare('SELECT note FROM checkpoints ORDER BY size').all() as { note: string }[]
  database.close()
  return { rows, notes: kept.map(({ note }) => note), start: segment ? log.heads[segment.size]! : beginLog(LOG) }
}

const archive =
  (size: number, lastHash = log.heads[size]!.lastHash) =>
  (database: Database.Database) => {
    database.prepare('DELETE FROM row_data WHERE seq < ?').run(size)
    const frontier = JSON.stringify(log.heads[size]!.frontier.hashes)
    database.prepare('INSERT INTO segments VALUES (0, ?, ?, ?)').run(size, lastHash, frontier)
  }

describe('a store’s own file, to which the auditor brings one checkpoint', () => {
  const forged = makeLog(40, log.heads[20], 'b')
  const cases: readonly (readonly [what: string, sql: string | ((database: Database.Database) => void), word: Word])[] =
    [
      ['as it was left', '', [60, null]],
      [
        'a changed value',
        `UPDATE row_data SET bytes = CAST(replace(bytes, '"agent-1"', '"agent-2"') AS BLOB) WHERE seq = 33`,
        [33, 'changed'],
      ],
      ['bytes that are a number', 'UPDATE row_data SET bytes = 5 WHERE seq = 8', [8, 'changed']],
      ['no bytes', 'UPDATE row_data SET bytes = NULL WHERE seq = 8', [8, 'changed']],
      [
        'another hash beside a row',
        `UPDATE row_data SET row_hash = '${log.rows[0]!.rowHash}' WHERE seq = 9`,
        [9, 'changed'],
      ],
      ['a row under another number', 'UPDATE row_data SET seq = 1000 WHERE seq = 30', [30, 'reordered']],
      ['the last row under another number', 'UPDATE row_data SET seq = 1000 WHERE seq = 59', [59, 'changed']],
      ['a row that is gone', 'DELETE FROM row_data WHERE seq = 17', [17, 'missing']],
      [
        'a tail that is gone, with its checkpoints',
        'DELETE FROM row_data WHERE seq >= 35; DELETE FROM checkpoints WHERE size > 20',
        [35, 'cut'],
      ],
      [
        'a checkpoint that was touched',
        `UPDATE checkpoints SET note = replace(note, 'time 1', 'time 2') WHERE size = 60`,
        [40, 'unsigned'],
      ],
      [
        'another history from row 20 on, signed by a stranger',
        (database) => {
          for (const { seq, bytes, rowHash } of forged.rows)
            database.prepare('UPDATE row_data SET bytes = ?, row_hash = ? WHERE seq = ?').run(bytes, rowHash, seq)
          const [note] = checkpointsOf(forged, [60], [testSigner(2)])
          database.prepare('UPDATE checkpoints SET note = ? WHERE size = 60').run(note)
        },
        [40, 'foreign key'],
      ],
      [
        'another history from row 20 on, without later checkpoints',
        (database) => {
          for (const { seq, bytes, rowHash } of forged.rows)
            database.prepare('UPDATE row_data SET bytes = ?, row_hash = ? WHERE seq = ?').run(bytes, rowHash, seq)
          database.exec('DELETE FROM checkpoints WHERE size > 20')
        },
        [20, 'rewritten'],
      ],
      [
        'a row before the first',
        'INSERT INTO row_data SELECT -5, bytes, row_hash FROM row_data WHERE seq = 3',
        [0, 'reordered'],
      ],
      ['rows that were archived', archive(40), [60, null]],
      [
        'rows that were archived, of which some are not taken out yet',
        (database) => {
          const row = database.prepare('INSERT INTO row_data VALUES (?, ?, ?)')
          archive(40)(database)
          for (const { seq, bytes, rowHash } of log.rows.slice(30, 40)) row.run(seq, bytes, rowHash)
        },
        [60, null],
      ],
      ['an archive that the live rows do not go on from', archive(40, log.rows[3]!.rowHash), [40, 'rewritten']],
    ]

  test(promises('A6.audit.any-change-found'), async () => {
    const files = cases.map(([, tamper], index) =>
      store(`${index}.db`, (database) => (typeof tamper === 'string' ? database.exec(tamper) : tamper(database))),
    )
    const python = verifyInPython(files.map((file) => ({ keys: [VKEY], checkpoints: at('kept'), sources: [file] })))
    const ours: Word[] = []
    for (const [index, file] of files.entries()) {
      const { rows, notes: stored, start } = inStore(file)
      const lastHash = cases[index]![0].startsWith('an archive') ? log.rows[3]!.rowHash : start.lastHash
      const setup = { keys: [KEEPER.key], checkpoints: [keptNote, ...stored], start: { ...start, lastHash } }
      ours.push(wordOf(await verifyLog(inOrder(rows), setup)))
    }
    const named = (words: readonly Word[]) => words.map((word, index) => [cases[index]![0], word])
    expect(named(python)).toEqual(cases.map(([what, , word]) => [what, word]))
    expect(named(ours)).toEqual(named(python))
  })

  test('archives and live rows are one log, and a whole archive cannot be left out', () => {
    const file = store('archived.db', archive(40))
    const verify = (...sources: readonly string[]) =>
      command('--key', VKEY, '--checkpoints', at('kept'), ...sources).stdout
    expect(verify(at('archive.jsonl'), file)).toBe('holds: 60 rows')
    expect(verify(file, at('archive.jsonl'))).toBe('row 60: reordered')
    expect(verify(at('archive.jsonl'))).toBe('holds: 40 rows')
    const unarchived = store('unarchived.db', (database) => database.exec('DELETE FROM row_data WHERE seq < 40'))
    expect(verify(unarchived)).toBe('row 0: missing')
    const forged = store('forged.db', (database) => {
      archive(40)(database)
      database.exec("UPDATE segments SET frontier = '[]'")
    })
    expect(command('--key', VKEY, '--checkpoints', at('kept'), forged).status).toBe(2)
  })
})
