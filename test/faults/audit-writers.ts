/** `audit-child.mjs`, and what has to be true of its log whatever was done to it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished } from 'vitest'
import {
  type AuditHead,
  parseRow,
  type StoredRow,
  signCheckpoint,
  verifyLog,
} from '../../packages/server/src/audit/index.js'
import { openAuditStore } from '../../packages/server/src/audit-store/index.js'
import { LOG, START_SECONDS, testSigner } from '../fixtures/audit-logs.js'
import { verifyInPython } from '../fixtures/verify-audit.js'

const signer = testSigner(1)

export interface Writers {
  readonly process: ChildProcess
  /** Batches acknowledged in this life. */
  batches(): number
  /** What the store told of, and why batches were rejected. */
  readonly told: readonly string[]
  /** What is acknowledged from here on does not count: the disk may lie by now. */
  doubt(): void
  kill(): Promise<void>
}

/** What was acknowledged, over all lives of a log's writers, and what was found in the log each time that it was looked at. */
export class Acknowledged {
  /** Ids by the places of their rows. Those of this life, and all. */
  #recent = new Map<number, string>()
  readonly #all = new Map<number, string>()
  /** `row_hash` and id of each row that was found, in order. */
  readonly #hashes: string[] = []
  readonly #ids: string[] = []
  /** Where the log stood when it was last looked at. */
  #seen: AuditHead | undefined
  total = 0

  add(seqs: readonly number[], ids: readonly string[]): void {
    expect(seqs.length).toBe(ids.length)
    for (const [n, seq] of seqs.entries()) {
      this.#recent.set(seq, ids[n]!)
      this.#all.set(seq, ids[n]!)
    }
    this.total += seqs.length
  }

  /**
   * Opens the log as the next daemon would, and looks whether all that was acknowledged in this life is there, nothing
   * twice, in one chain that goes on from what was found the last time.
   */
  async expectIn(file: string): Promise<void> {
    const faults: string[] = []
    const store = await openAuditStore({ place: { sqlite: file }, log: LOG, onFault: ({ code }) => faults.push(code) })
    try {
      expect(faults).toEqual([])
      const head = await store.head()
      const note = signCheckpoint(head, START_SECONDS, [signer])
      await store.saveCheckpoint({ size: head.frontier.size, note })
      const from = this.#seen?.frontier.size ?? 0
      const rows = seenBy(store.read({ fromSeq: from }), ({ rowHash, bytes }) => {
        this.#hashes.push(rowHash)
        this.#ids.push(parseRow(bytes).id)
      })
      const setup = { keys: [signer.key], checkpoints: [note], ...(this.#seen && { start: this.#seen }) }
      expect(await verifyLog(rows, setup)).toMatchObject({ ok: true, signedSize: head.frontier.size })
      this.#seen = head
      expect(new Set(this.#ids).size).toBe(this.#hashes.length)
      expect([...this.#recent].filter(([seq, id]) => this.#ids[seq] !== id)).toEqual([])
      this.#recent.clear()
      expect(this.#hashes.length).toBeGreaterThanOrEqual(this.total)
    } finally {
      await store.close()
    }
  }

  /** The same of all lives: each row is what it was when it was first seen, and both verifiers take the whole log. */
  async expectWhole(file: string): Promise<void> {
    await this.expectIn(file)
    const store = await openAuditStore({ place: { sqlite: file }, log: LOG })
    try {
      const notes = (await store.checkpoints()).map(({ note }) => note)
      const hashes: string[] = []
      const rows = seenBy(store.read({ fromSeq: 0 }), ({ rowHash }) => void hashes.push(rowHash))
      const verdict = await verifyLog(rows, { keys: [signer.key], checkpoints: notes })
      expect(verdict).toMatchObject({ ok: true, signedSize: this.#hashes.length })
      expect(hashes.findIndex((hash, seq) => hash !== this.#hashes[seq])).toBe(-1)
      expect([...this.#all].filter(([seq, id]) => this.#ids[seq] !== id)).toEqual([])
    } finally {
      await store.close()
    }
    expect(verifyInPython([{ keys: [signer.key.vkey], sources: [file] }])).toEqual([[this.#hashes.length, null]])
  }
}

async function* seenBy(rows: AsyncIterable<StoredRow>, see: (row: StoredRow) => void): AsyncGenerator<StoredRow> {
  for await (const row of rows) {
    see(row)
    yield row
  }
}

function tryParse(text: string) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Starts writers; `onBatch` is told how many batches were acknowledged so far in this life. */
export async function startWriters(
  file: string,
  acknowledged: Acknowledged,
  { writers = 16, onBatch = (_batches: number) => {} } = {},
): Promise<Writers> {
  const args = [join(import.meta.dirname, 'audit-child.mjs'), file, LOG, String(writers)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const told: string[] = []
  let batches = 0
  let isDoubted = false
  const ready = new Promise<void>((resolve, reject) => {
    child.once('close', () => reject(new Error(`the writers ended: ${told.join('; ')}`)))
    createInterface({ input: child.stdout! }).on('line', (text) => {
      const line = tryParse(text)
      // A process that is killed may leave half of a line, which acknowledges nothing.
      if (line === undefined) return
      if ('pid' in line) resolve()
      if ('message' in line) told.push(line.message)
      if (!('seqs' in line) || isDoubted) return
      acknowledged.add(line.seqs, line.ids)
      onBatch(++batches)
    })
  })
  await ready
  return {
    process: child,
    batches: () => batches,
    told,
    doubt() {
      isDoubted = true
    },
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const closed = once(child, 'close')
      child.kill('SIGKILL')
      await closed
    },
  }
}
