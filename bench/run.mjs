// npm run bench [name…]: runs every benchmark beside this file (or those named), one process each, and prints their tables.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'

const here = import.meta.dirname
const every = readdirSync(here)
  .filter((file) => file.endsWith('.mjs') && file !== basename(import.meta.filename))
  .map((file) => basename(file, '.mjs'))
  .sort()
const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !every.includes(name))
if (unknown.length > 0) {
  console.error(`no benchmark is called ${unknown.join(' or ')}; there are: ${every.join(', ')}`)
  process.exit(2)
}

let failed = false
for (const name of asked.length > 0 ? asked : every) {
  console.log(`\n== ${name} ==`)
  const { status } = spawnSync(process.execPath, ['--expose-gc', join(here, `${name}.mjs`)], { stdio: 'inherit' })
  failed ||= status !== 0
}
process.exitCode = failed ? 1 : 0
