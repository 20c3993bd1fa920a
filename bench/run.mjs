/**
 * npm run bench [name…]: runs every benchmark beside this file (or those named), one process each, and prints their tables.
 * With `--write` what they printed is written to docs/performance.md too, with the commit and the machine.
 */
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { record, stateNow } from '../scripts/record.mjs'
import { setUp } from '../scripts/setup.mjs'
import { MISSED } from './support/measure.mjs'

const here = import.meta.dirname
const PAGE = join(here, '../docs/performance.md')
const every = readdirSync(here)
  .filter((file) => file.endsWith('.mjs') && file !== basename(import.meta.filename))
  .map((file) => basename(file, '.mjs'))
  .sort()
const asked = process.argv.slice(2).filter((word) => word !== '--write')
const writes = process.argv.includes('--write')
const unknown = asked.filter((name) => !every.includes(name))
if (unknown.length > 0) {
  console.error(`no benchmark is called ${unknown.join(' or ')}; there are: ${every.join(', ')}`)
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

const INTRO = `# Performance

Written by \`npm run bench -- --write\`, or for some of them by \`npm run bench -- --write http-proxy\`: peers are installed
from npm beside the repository. Ratios between candidates of one run hold better than the figures, which are those of a machine.`

if (!(await setUp())) process.exit(1)
const state = stateNow()
const results = []
for (const name of asked.length > 0 ? asked : every) {
  console.log(`\n== ${name} ==`)
  results.push(await run(name))
}
const failed = results.filter(({ status }) => status !== 0)
if (writes)
  record(PAGE, {
    intro: INTRO,
    sections: results
      .filter(({ status }) => status === 0 || status === MISSED)
      .map(({ name, output }) => [name, [about(name), state, `\`\`\`\n${output.trim()}\n\`\`\``].join('\n\n')]),
    isCurrent: (name) => every.includes(name),
  })
process.exitCode = failed.length > 0 ? 1 : 0
