/**
 * `npm run prove`: the proofs that take long (soaks, kill loops, fault injection), which are too long for each change.
 * `npm run prove -- gateway-soak` runs one, `--list` lists them, `--help` tells more.
 *
 * The tests of test/faults and test/soak, and those of test/property that FOLDERS names, see MCP_VITALS_PROVE=1, run at
 * full length, and append one JSON line for each figure, `{"proof","figure","value","unit"}`, to the file that
 * MCP_VITALS_PROVE_RESULTS names. The figures are written to docs/proofs.md with the commit, the machine and the seed that
 * they were taken with. A seed of one's own (`MCP_VITALS_PROVE_SEED`) replays a run as far as the machine's own timing lets it.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { record, stateNow } from './record.mjs'
import { setUp } from './setup.mjs'
import { foreground, ROOT } from './steps.mjs'

/** Beginnings of the paths of the test files that are proofs. */
const FOLDERS = [
  'test/faults',
  'test/soak',
  'test/property/differential',
  'test/property/audit-verifiers',
  'test/property/anomaly',
  'test/browser/dashboard-soak',
]

const INTRO = `# Long proofs

Written by \`npm run prove\`, or for some of them by \`npm run prove -- --write gateway-soak\`; the short slices of the same
tests run with every change. A run in which anything was lost, twice, left open or left running fails and writes nothing:
the figures tell how much was tried. \`MCP_VITALS_PROVE_SEED\` has a run with the same seed again.`

/** Name → test file, of each proof. */
function proofs() {
  const files = readdirSync(join(ROOT, 'test'), { recursive: true })
    .map((file) => `test/${file}`)
    .filter((file) => file.endsWith('.test.ts') && FOLDERS.some((folder) => file.startsWith(folder)))
  return new Map(files.map((file) => [basename(file, '.test.ts'), file]).sort(([a], [b]) => a.localeCompare(b)))
}

const HELP = `Usage: npm run prove -- [options] [proof...]

Runs the proofs that take long, at full length; all where none is named. A run of all writes its figures to
docs/proofs.md; one of some prints them.

Options:
  --write  write the figures of a run of some, too; those of the others stay as they are
  --list   list the proofs (those that are named), and run nothing
  --help   this text

Environment:
  MCP_VITALS_PROVE_SEED  seed of the run, to have an earlier one again
`

/** Ends the process with what is wrong with the command line. */
function refuse(problem) {
  process.stderr.write(`${problem}\nnpm run prove -- --help tells what there is.\n`)
  process.exit(2)
}

const words = process.argv.slice(2)
const known = proofs()
if (words.some((word) => word === '--help' || word === '-h')) {
  process.stdout.write(HELP)
  process.exit(0)
}
const names = words.filter((word) => word !== '--list' && word !== '--write')
const unknown = names.find((name) => !known.has(name))
if (unknown !== undefined) refuse(`There is no ${unknown.startsWith('-') ? 'option' : 'proof'} ${unknown}.`)
const chosen = [...known].filter(([name]) => names.length === 0 || names.includes(name))
if (words.includes('--list')) {
  process.stdout.write(chosen.map(([name, file]) => `${name.padEnd(24)} ${file}\n`).join(''))
  process.exit(0)
}
if (!(await setUp())) process.exit(1)
const temporary = mkdtempSync(join(tmpdir(), 'mcp-vitals-prove-'))
const results = join(temporary, 'results.jsonl')
const seed = process.env.MCP_VITALS_PROVE_SEED ?? String(Date.now() % 1_000_000_000)
const env = { ...process.env, MCP_VITALS_PROVE: '1', MCP_VITALS_PROVE_RESULTS: results, MCP_VITALS_PROVE_SEED: seed }
const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs')
const state = stateNow()
const status = await foreground(process.execPath, [vitest, 'run', ...chosen.map(([, file]) => file)], { env })
const lines = existsSync(results) ? readFileSync(results, 'utf8').trim().split('\n') : []
rmSync(temporary, { recursive: true, force: true })
if (status !== 0) {
  process.stderr.write(`The proofs failed with seed ${seed}; docs/proofs.md is left as it was.\n`)
  process.exit(status)
}
if (names.length > 0 && !words.includes('--write')) {
  process.stdout.write('docs/proofs.md is left as it was; --write would write these figures there.\n')
  process.exit(0)
}
if (lines.length === 0) {
  process.stderr.write('The proofs gave no figure.\n')
  process.exit(1)
}
const sections = new Map()
for (const { proof, figure, value, unit } of lines.map((line) => JSON.parse(line))) {
  const head = `${state} Seed ${seed}.\n\n| figure | value |\n| --- | --- |`
  sections.set(proof, `${sections.get(proof) ?? head}\n| ${figure} | ${value}${unit ? ` ${unit}` : ''} |`)
}
record(join(ROOT, 'docs/proofs.md'), { intro: INTRO, sections })
process.stdout.write(`docs/proofs.md: ${lines.length} figures\n`)
