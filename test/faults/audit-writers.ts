/** `audit-child.mjs`, and what has to be true of its log whatever was done to it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished } from 'vitest'
import { parseRow, type StoredRow, signCheckpoint, verifyLog } from '../../packages/server/src/audit/index.js'
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
  kill(): Promise<void>
}

/** What was acknowledged, over all lives of a log's writers: rows by their hash, and how many in all. */
export class Acknowledged {
  readonly #rows = new Map<number, string>()
  total = 0

  add(seq: number, rowHash: string, count: number): void {
    this.#rows.set(seq, rowHash)
    this.total += count
  }

  /**
   * Opens the log as the next daemon would, and looks whether all that was acknowledged is there, nothing twice, in one
   * chain that both verifiers take.
   */
  async expectIn(file: string, { python = false } = {}): Promise<void> {
    const faults: string[] = []
    const store = await openAuditStore({ place: { sqlite: file }, log: LOG, onFault: ({ code }) => faults.push(code) })
    try {
      expect(faults).toEqual([])
      const head = await store.head()
      const note = signCheckpoint(head, START_SECONDS, [signer])
      await store.saveCheckpoint({ size: head.frontier.size, note })
      const hashes: string[] = []
      const ids = new Set<string>()
      async function* seen(rows: AsyncIterable<StoredRow>) {
        for await (const row of rows) {
          hashes.push(row.rowHash)
          ids.add(parseRow(row.bytes).id)
          yield row
        }
      }
      const verdict = await verifyLog(seen(store.read({ fromSeq: 0 })), { keys: [signer.key], checkpoints: [note] })
      expect(verdict).toMatchObject({ ok: true, signedSize: head.frontier.size })
      expect(ids.size).toBe(hashes.length)
      for (const [seq, rowHash] of this.#rows) expect(hashes[seq]).toBe(rowHash)
      expect(hashes.length).toBeGreaterThanOrEqual(this.total)
    } finally {
      await store.close()
    }
    if (python)
      expect(verifyInPython([{ keys: [signer.key.vkey], sources: [file] }])).toEqual([[expect.any(Number), null]])
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
  const ready = new Promise<void>((resolve, reject) => {
    child.once('close', () => reject(new Error(`the writers ended: ${told.join('; ')}`)))
    createInterface({ input: child.stdout! }).on('line', (text) => {
      const line = JSON.parse(text)
      if ('pid' in line) resolve()
      if ('message' in line) told.push(line.message)
      if (!('seq' in line)) return
      acknowledged.add(line.seq, line.rowHash, line.count)
      onBatch(++batches)
    })
  })
  await ready
  return {
    process: child,
    batches: () => batches,
    told,
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const closed = once(child, 'close')
      child.kill('SIGKILL')
      await closed
    },
  }
}
