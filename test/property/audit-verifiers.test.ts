/** Both verifiers over tampered logs: what was tampered with is found, and both name the same row and the same fault. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { beginLog } from '../../packages/server/src/audit/index.js'
import { PROVE, record } from '../faults/prove.js'
import { LOG, rowsFile, verifyFile } from '../fixtures/audit-logs.js'
import { type PythonCase, verifyInPython, type Word, wordOf } from '../fixtures/verify-audit.js'
import { covered, KEEPER, type Kept, kept, linesOf, notesOf, WAYS } from './audit-tampering.js'

/** Logs of each kind. */
const RUNS = PROVE ? 2000 : 50
const SEED = Number(process.env.MCP_VITALS_PROVE_SEED ?? 62)
const TIMEOUT_MS = PROVE ? 600_000 : 60_000
const KEYS = [KEEPER.key]

const dir = mkdtempSync(join(tmpdir(), 'mcp-vitals-audit-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

let header: Buffer
beforeAll(async () => {
  header = await rowsFile(beginLog(LOG), [])
})

const picks = fc.array(fc.noBias(fc.nat(2 ** 30 - 1)), { minLength: 12, maxLength: 12 })

/** Numbers below a bound, out of a list that fast-check can shrink. */
function picker(from: readonly number[]): (below: number) => number {
  let at = 0
  return (below) => Math.floor(((from[at++ % from.length] ?? 0) / 2 ** 30) * below)
}

const fileOf = (lines: readonly Uint8Array[]): Buffer =>
  Buffer.concat([header, ...lines.flatMap((line) => [line, Buffer.from('\n')])])

/** Keeps what our own verifier said of each log, and has Python say it too. */
class Comparison {
  readonly #cases: PythonCase[] = []
  readonly #words: Word[] = []
  readonly #name: string
  constructor(name: string) {
    this.#name = name.replace(/\W+/g, '-')
  }

  /** What ours says. */
  async verify(file: Uint8Array, checkpoints: string | Buffer): Promise<Word> {
    const word = await verifyFile(file, checkpoints.toString(), KEYS).then(wordOf, () => 'unreadable' as const)
    const base = join(dir, `${this.#name}-${this.#cases.length}`)
    writeFileSync(`${base}.jsonl`, file)
    writeFileSync(`${base}.checkpoints`, checkpoints)
    this.#cases.push({
      keys: KEYS.map(({ vkey }) => vkey),
      checkpoints: `${base}.checkpoints`,
      sources: [`${base}.jsonl`],
    })
    this.#words.push(word)
    return word
  }

  /** @returns how many logs both were asked about */
  expectPythonToAgree(): number {
    expect(this.python()).toEqual(this.#words)
    return this.#words.length
  }

  /** What Python says of each. */
  python(): readonly Word[] {
    return verifyInPython(this.#cases)
  }
}

describe('a log of which a checkpoint was kept', () => {
  test.each(Object.keys(WAYS))(
    '%s: both verifiers find it, and name the same row',
    async (name) => {
      const comparison = new Comparison(name)
      await fc.assert(
        fc.asyncProperty(kept, picks, async (from, numbers) => {
          const found = WAYS[name]!(from, picker(numbers))
          if (!found) return
          expect(await comparison.verify(fileOf(found.lines), found.checkpoints)).toEqual(found.expected)
        }),
        { seed: SEED, numRuns: RUNS },
      )
      const count = comparison.expectPythonToAgree()
      expect(count).toBeGreaterThan(RUNS / 2)
      record('audit verifiers', `tampered logs, ${name}: found by both, with the same row`, count)
    },
    TIMEOUT_MS,
  )

  test('holds as it was left, and whatever comes behind the last checkpoint', async () => {
    const comparison = new Comparison('holds')
    await fc.assert(
      fc.asyncProperty(kept, picks, async (from, numbers) => {
        const pick = picker(numbers)
        const lines = linesOf(from.log.rows)
        const kept = lines.slice(0, covered(from) + pick(lines.length - covered(from) + 1))
        expect(await comparison.verify(fileOf(kept), notesOf(from))).toEqual([kept.length, null])
      }),
      { seed: SEED, numRuns: RUNS },
    )
    comparison.expectPythonToAgree()
  })

  test(
    'tampered with in several ways at once, or in its checkpoints: both say the same, and never that it holds',
    async () => {
      const comparison = new Comparison('mess')
      await fc.assert(
        fc.asyncProperty(kept, picks, async (from, numbers) => {
          const pick = picker(numbers)
          const { lines, checkpoints } = mess(from, pick)
          const word = await comparison.verify(fileOf(lines), checkpoints)
          const size = covered(from)
          const same = fileOf(lines.slice(0, size)).equals(fileOf(linesOf(from.log.rows).slice(0, size)))
          if (!same) expect(word[1]).not.toBeNull()
        }),
        { seed: SEED, numRuns: 4 * RUNS },
      )
      record('audit verifiers', 'logs tampered with several times over: both agree', comparison.expectPythonToAgree())
    },
    TIMEOUT_MS,
  )

  test('damaged in its header: neither verifier says that another log holds', async () => {
    const comparison = new Comparison('header')
    const sizes: number[] = []
    const expectTruth = (word: Word, size: number) => {
      if (word !== 'unreadable' && word[1] === null) expect(word[0]).toBe(size)
    }
    await fc.assert(
      fc.asyncProperty(kept, picks, async (from, numbers) => {
        const bit = picker(numbers)(header.length * 8)
        const file = fileOf(linesOf(from.log.rows))
        file[bit >> 3]! ^= 1 << (bit & 7)
        sizes.push(from.log.rows.length)
        expectTruth(await comparison.verify(file, notesOf(from)), from.log.rows.length)
      }),
      { seed: SEED, numRuns: RUNS },
    )
    for (const [index, word] of comparison.python().entries()) expectTruth(word, sizes[index]!)
  })
})

/** Several blind changes, to rows or to the file of checkpoints. */
function mess(from: Kept, pick: (below: number) => number) {
  let lines = [...linesOf(from.log.rows)]
  const checkpoints = Buffer.from(notesOf(from))
  for (let left = 1 + pick(3); left > 0; left--) {
    const at = pick(lines.length)
    const line = Buffer.from(lines[at] ?? Buffer.alloc(1))
    const what = pick(6)
    if (what === 0) line[pick(line.length)]! ^= 1 << pick(8)
    if (what <= 1) lines.splice(at, 1, line)
    if (what === 2) lines.splice(at, 1 + pick(3))
    if (what === 3) lines.splice(pick(lines.length), 0, line)
    if (what === 4) lines = lines.slice(0, at)
    if (what === 5) checkpoints[pick(checkpoints.length)]! ^= 1 << pick(8)
  }
  return { lines, checkpoints }
}
