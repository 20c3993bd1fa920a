// What verifying an audit log costs: rows a second, both structures and every checkpoint's signature, beside the floor, which
// is a bare SHA-256 over the same bytes twice (a verifier has to hash each row for the chain and for the tree). Then a log of
// a million rows from disk, in a process that may not use 64 MiB of heap, beside a tenth and a half of it: what is still needed
// after a collection is what verifying takes, and the rest up to what is held is room that Node gives to what comes and goes,
// which grows by itself up to three times 16 MiB and no further. Last the verifier in Python.

import { spawnSync } from 'node:child_process'
import { hash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setupOf, verifyPieces, writeLog } from './support/audit-file.mjs'
import { median } from './support/measure.mjs'

const SMALL = 100_000
const HALF = 500_000
const LARGE = 1_000_000
const ROUNDS = 7
const PIECE_BYTES = 65_536
const here = import.meta.dirname
const dirs = Object.fromEntries(
  [SMALL, HALF, LARGE].map((rows) => [rows, mkdtempSync(join(tmpdir(), 'mcp-vitals-bench-'))]),
)

const perSecond = (rate) => `${Math.round(rate).toLocaleString('en')} rows/s`

/** Rows a second of both, in turns. By the processor's time, since others may be using the machine. */
async function compare(dir) {
  const file = readFileSync(join(dir, 'rows.jsonl'))
  const pieces = Array.from({ length: Math.ceil(file.length / PIECE_BYTES) }, (_, n) =>
    file.subarray(n * PIECE_BYTES, (n + 1) * PIECE_BYTES),
  )
  const rows = []
  for (let from = file.indexOf('\n') + 1; from < file.length; ) {
    const end = file.indexOf('\n', from)
    rows.push(file.subarray(from, end))
    from = end + 1
  }
  const setup = setupOf(dir)
  const candidates = {
    floor() {
      for (const row of rows) {
        hash('sha256', row, 'hex')
        hash('sha256', row, 'hex')
      }
    },
    async verify() {
      async function* inPieces() {
        yield* pieces
      }
      await verifyPieces(inPieces(), setup)
    },
  }
  const taken = { floor: [], verify: [] }
  for (let round = 0; round < ROUNDS; round++)
    for (const [name, run] of Object.entries(candidates)) {
      const before = process.cpuUsage()
      await run()
      const { user, system } = process.cpuUsage(before)
      taken[name].push((user + system) / 1e6)
    }
  const rate = (name) => rows.length / median(taken[name])
  console.log(`SHA-256 over each row twice      ${perSecond(rate('floor'))} (the floor)`)
  console.log(
    `verify, every row and signature  ${perSecond(rate('verify'))}, ${(rate('floor') / rate('verify')).toFixed(1)} × the floor's time`,
  )
}

/** Verifies from disk in a process of its own, whose heap is bounded. */
function once(rows) {
  const child = join(here, 'support/audit-verify-once.mjs')
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--expose-gc', '--max-old-space-size=64', child, dirs[rows]],
    { encoding: 'utf8' },
  )
  if (status !== 0) throw new Error(stderr)
  const { seconds, cpuSeconds, neededBytes, maxRssKb } = JSON.parse(stdout)
  console.log(
    `from disk, ${String(rows).padStart(9)} rows         ${perSecond(rows / seconds)}, ${perSecond(rows / cpuSeconds)} of the processor’s time with Node’s start, at most ${(neededBytes / 1_048_576).toFixed(1)} MiB needed, ${Math.round(maxRssKb / 1024)} MiB held`,
  )
}

function python(rows) {
  const files = ['--checkpoints', join(dirs[rows], 'checkpoints'), join(dirs[rows], 'rows.jsonl')]
  const key = readFileSync(join(dirs[rows], 'key'), 'utf8')
  const from = performance.now()
  const { stdout, stderr, error } = spawnSync(
    'python3',
    [join(here, '../tools/verify_audit.py'), '--key', key, ...files],
    {
      encoding: 'utf8',
    },
  )
  if (error || stdout.trim() !== `holds: ${rows} rows`) throw error ?? new Error(stderr || stdout)
  console.log(`tools/verify_audit.py            ${perSecond((rows / (performance.now() - from)) * 1000)}`)
}

try {
  for (const rows of [SMALL, HALF, LARGE]) await writeLog(dirs[rows], rows)
  await compare(dirs[SMALL])
  for (const rows of [SMALL, HALF, LARGE]) once(rows)
  python(SMALL)
} finally {
  for (const dir of Object.values(dirs)) rmSync(dir, { recursive: true, force: true })
}
