/** How long a program waits for the main entry, as it is packed, beside a module with nothing in it. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { bundle } from '../../scripts/bundle.mjs'
import { median } from '../support/measure.mjs'

const ROUNDS = 21
/** Reads the file before it looks at the clock: a program's disk is not ours. */
const CHILD = `
  const [url] = process.argv.slice(1)
  require('node:fs').readFileSync(new URL(url))
  const start = performance.now()
  import(url).then(() => process.stdout.write(String(performance.now() - start)))
`

/** Medians of interleaved processes, milliseconds: of the entry, and of the empty module. */
export async function importTimes() {
  const folder = mkdtempSync(join(tmpdir(), 'bench-import-'))
  const files = { empty: 'export {}\n', entry: await bundle() }
  const times = { empty: [], entry: [] }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, `${name}.mjs`), text)
  for (let round = 0; round < ROUNDS; round++)
    for (const name of Object.keys(files)) {
      const { href } = pathToFileURL(join(folder, `${name}.mjs`))
      times[name].push(Number(execFileSync(process.execPath, ['-e', CHILD, href], { encoding: 'utf8' })))
    }
  rmSync(folder, { recursive: true })
  return { empty: median(times.empty), entry: median(times.entry) }
}
