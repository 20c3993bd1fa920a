/**
 * `npm run prove`: the proofs that take long (soaks, kill loops, fault injection), which are too long for each change.
 * The tests of test/faults and test/soak, and those of test/property that FOLDERS names, see MCP_VITALS_PROVE=1, run at
 * full length, and append one JSON line for each figure, `{"proof","figure","value","unit"}`, to the file that
 * MCP_VITALS_PROVE_RESULTS names. The figures are written to docs/proofs.md with the commit, the machine and the seed
 * that they were taken with. A seed of one's own (`MCP_VITALS_PROVE_SEED`) replays a run as far as the machine's own timing lets it.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, release, tmpdir, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { setUp } from './setup.mjs'
import { capture, foreground, ROOT } from './steps.mjs'

const FOLDERS = [
  'test/faults',
  'test/soak',
  'test/property/differential',
  'test/property/audit-verifiers',
  'test/property/anomaly',
]

const git = async (...args) => (await capture('git', args)).output.trim()

/** The page: one row a figure, below the state that they hold for. */
async function page(rows, { date, seed, minutes }) {
  const changed = (await git('status', '--porcelain')) !== ''
  return [
    '# Long proofs',
    '',
    'Written by `npm run prove`; the short slices of the same tests run with every change. A run in which anything was',
    'lost, twice, left open or left running fails and writes nothing: the figures tell how much was tried.',
    '',
    `- commit: ${await git('rev-parse', 'HEAD')}${changed ? ', with changes that were not committed' : ''}`,
    `- date: ${date}`,
    `- machine: ${type()} ${release()}, ${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`,
    `- seed: ${seed} (\`MCP_VITALS_PROVE_SEED=${seed} npm run prove\`)`,
    `- duration: ${minutes} minutes`,
    '',
    '| proof | figure | value |',
    '| --- | --- | --- |',
    ...rows.map(({ proof, figure, value, unit }) => `| ${proof} | ${figure} | ${value}${unit ? ` ${unit}` : ''} |`),
    '',
  ].join('\n')
}

const folders = FOLDERS.filter((folder) => existsSync(join(ROOT, folder)))
if (folders.length === 0) {
  process.stderr.write(`There is nothing to prove: none of ${FOLDERS.join(', ')} exists.\n`)
  process.exit(1)
}
if (!(await setUp())) process.exit(1)
const temporary = mkdtempSync(join(tmpdir(), 'mcp-vitals-prove-'))
const results = join(temporary, 'results.jsonl')
const seed = process.env.MCP_VITALS_PROVE_SEED ?? String(Date.now() % 1_000_000_000)
const env = { ...process.env, MCP_VITALS_PROVE: '1', MCP_VITALS_PROVE_RESULTS: results, MCP_VITALS_PROVE_SEED: seed }
const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs')
const startedAt = performance.now()
const status = await foreground(process.execPath, [vitest, 'run', ...folders], { env })
const lines = existsSync(results) ? readFileSync(results, 'utf8').trim().split('\n') : []
rmSync(temporary, { recursive: true, force: true })
if (status !== 0 || lines.length === 0) {
  process.stderr.write(
    status === 0
      ? 'The proofs gave no figure.\n'
      : `The proofs failed with seed ${seed}; docs/proofs.md is left as it was.\n`,
  )
  process.exit(status || 1)
}
// Files run side by side: the figures of one proof are brought together.
const rows = lines.map((line) => JSON.parse(line)).sort((a, b) => a.proof.localeCompare(b.proof))
const minutes = Math.round((performance.now() - startedAt) / 60_000)
const date = new Date().toISOString().slice(0, 10)
writeFileSync(join(ROOT, 'docs/proofs.md'), await page(rows, { date, seed, minutes }))
process.stdout.write(`docs/proofs.md: ${rows.length} figures\n`)
