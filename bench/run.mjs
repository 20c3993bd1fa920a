/**
 * npm run bench [name…]: runs every benchmark beside this file (or those named), one process each, and prints their tables.
 * With `--write` it runs all of them and writes what they printed to docs/performance.md, with the commit and the machine.
 */
import { spawn, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem, type } from 'node:os'
import { basename, join } from 'node:path'
import { setUp } from '../scripts/setup.mjs'

const here = import.meta.dirname
const PAGE = join(here, '../docs/performance.md')
const every = readdirSync(here)
  .filter((file) => file.endsWith('.mjs') && file !== basename(import.meta.filename))
  .map((file) => basename(file, '.mjs'))
  .sort()
const asked = process.argv.slice(2).filter((word) => word !== '--write')
const writes = process.argv.includes('--write')
const unknown = asked.filter((name) => !every.includes(name))
if (unknown.length > 0 || (writes && asked.length > 0)) {
  console.error(
    unknown.length > 0
      ? `no benchmark is called ${unknown.join(' or ')}; there are: ${every.join(', ')}`
      : '--write takes no names: the page holds all of them. Example: npm run bench -- --write',
  )
  process.exit(2)
}

/** Runs one, shows what it prints, and resolves to that and its status. */
function run(name) {
  const child = spawn(process.execPath, ['--expose-gc', join(here, `${name}.mjs`)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text
    process.stdout.write(text)
  })
  return new Promise((resolve) => child.once('close', (status) => resolve({ name, output, status })))
}

/** What a benchmark measures, in the words at its top. */
function about(name) {
  const source = readFileSync(join(here, `${name}.mjs`), 'utf8')
  const comment = /^\/\*\*\n[\s\S]*?\*\/|^(?:\/\/.*\n)+/.exec(source)?.[0] ?? ''
  return comment.replace(/^(?:\/\*\*| ?\*\/| \*|\/\/) ?/gm, '').trim()
}

function page(results) {
  const git = (...args) => spawnSync('git', args, { cwd: here, encoding: 'utf8' }).stdout.trim()
  return [
    '# Performance',
    '',
    'Written by `npm run bench -- --write`, which anybody can repeat: peers are installed from npm beside the repository.',
    'Ratios between candidates of one run hold better than the figures, which are those of this machine.',
    '',
    `- commit: ${git('rev-parse', 'HEAD')}${git('status', '--porcelain') === '' ? '' : ', with changes that were not committed'}`,
    `- date: ${new Date().toISOString().slice(0, 10)}`,
    `- machine: ${type()} ${release()}, ${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`,
    ...results.flatMap(({ name, output }) => ['', `## ${name}`, '', about(name), '', '```', output.trim(), '```']),
    '',
  ].join('\n')
}

if (!(await setUp())) process.exit(1)
const results = []
for (const name of asked.length > 0 ? asked : every) {
  console.log(`\n== ${name} ==`)
  results.push(await run(name))
}
const failed = results.filter(({ status }) => status !== 0)
if (writes) writeFileSync(PAGE, page(results))
process.exitCode = failed.length > 0 ? 1 : 0
