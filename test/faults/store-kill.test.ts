import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import Database from 'libsql'
import { expect, onTestFinished, test } from 'vitest'
import { backupDatabase } from '../../packages/server/src/store/index.js'
import { PROVE, record, seeded } from './prove.js'

const PROOF = 'store under kill -9'
const ROUNDS = PROVE ? 100 : 6
const CHILD = join(import.meta.dirname, 'store-child.mjs')

function tempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'mcp-vitals-test-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

type Line = Readonly<Record<string, string | number>>

/** Starts the child; `onLine` gets what it prints. */
function start(dir: string, job: string, onLine: (line: Line) => void): ChildProcess {
  const child = spawn(process.execPath, [CHILD, dir, job], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  createInterface({ input: child.stdout! }).on('line', (text) => onLine(JSON.parse(text)))
  return child
}

/** Resolves with the first line that has `key`. */
function firstLine(dir: string, job: string, key: string): Promise<{ child: ChildProcess; line: Line }> {
  return new Promise((resolve, reject) => {
    const child = start(dir, job, (line) => {
      if (key in line) resolve({ child, line })
    })
    child.once('close', () => reject(new Error(`the child ended without saying "${key}"`)))
  })
}

async function kill(child: ChildProcess): Promise<void> {
  const closed = once(child, 'close')
  child.kill('SIGKILL')
  await closed
}

/** Reads the file by SQL alone, without the store's code. */
function saved(file: string): Map<string, { rows: number; distinct: number; last: number; mark: number }> {
  const database = new Database(file)
  const rows = database
    .prepare(
      `SELECT s.name, count(*), count(DISTINCT e.seq), max(e.seq), s.high_water
       FROM streams s JOIN events e ON e.stream = s.id GROUP BY s.id`,
    )
    .raw()
    .all() as [string, number, number, number, number][]
  const check = database.prepare('PRAGMA integrity_check').raw().all()
  database.close()
  expect(check).toEqual([['ok']])
  return new Map(rows.map(([name, count, distinct, last, mark]) => [name, { rows: count, distinct, last, mark }]))
}

test(`killed ${ROUNDS} times at any moment, the store loses no acknowledged event and has none twice`, {
  timeout: PROVE ? 1_800_000 : 60_000,
}, async () => {
  const dir = tempDir()
  const random = seeded(PROOF)
  const acknowledged = new Map<string, number>()
  for (let round = 0; round < ROUNDS; round++) {
    const killAfter = 1 + Math.floor(random() * 60)
    let acknowledgements = 0
    const child = start(dir, 'append', ({ stream, highWater, fault }) => {
      expect(fault).toBeUndefined()
      if (stream === undefined) return
      acknowledged.set(String(stream), Number(highWater))
      if (++acknowledgements === killAfter) child.kill('SIGKILL')
    })
    await once(child, 'close')
    expect(acknowledgements).toBeGreaterThanOrEqual(killAfter)
    const found = saved(join(dir, 'events.db'))
    for (const [stream, highWater] of acknowledged) {
      const { rows, distinct, last, mark } = found.get(stream)!
      expect(mark).toBeGreaterThanOrEqual(highWater)
      expect({ rows, distinct, last }).toEqual({ rows: mark, distinct: mark, last: mark })
    }
  }
  const total = [...acknowledged.values()].reduce((sum, highWater) => sum + highWater, 0)
  record(PROOF, 'kills survived', ROUNDS)
  record(PROOF, 'acknowledged events, none lost, none twice', total)
})

test('a second daemon on the directory is told who has it, and may start when that one was killed', async () => {
  const dir = tempDir()
  const { child } = await firstLine(dir, 'idle', 'pid')
  const second = await firstLine(dir, 'idle', 'refused')
  expect(second.line).toEqual({
    refused: 'DATA_DIR_LOCKED',
    message: `The state directory ${dir} is in use by another mcp-vitals daemon (process ${child.pid}).`,
  })
  await kill(child)
  const third = await firstLine(dir, 'idle', 'pid')
  await kill(third.child)
})

test('a backup by another process is whole while the daemon writes', async () => {
  const dir = tempDir()
  const { child, line } = await firstLine(dir, 'append', 'highWater')
  const target = join(tempDir(), 'copy.db')
  await backupDatabase(dir, target)
  await kill(child)
  const found = saved(target)
  expect(found.get(String(line.stream))!.mark).toBeGreaterThanOrEqual(Number(line.highWater))
  for (const { rows, distinct, mark } of found.values())
    expect({ rows, distinct }).toEqual({ rows: mark, distinct: mark })
})
