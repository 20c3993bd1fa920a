/**
 * The library's main entry as one file without imports, which a program reads in a fraction of the time that forty files
 * take. `npm pack` puts it in the place of `dist/index.js` and takes it away again: in the repository the entry stays what
 * the compiler wrote, so that it is never older than the sources.
 *
 * `node scripts/bundle.mjs --put` and `--take-back` are what the package's `prepack` and `postpack` run.
 */
import { existsSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'packages/instrument/dist')
const entry = join(dist, 'index.js')
/** Beside `dist`, of which everything is packed. */
const compiled = join(root, 'packages/instrument/.index.js')

/** The main entry and all that it needs, as text. `minify`: as small as users' own bundlers make it. */
export async function bundle({ minify = false } = {}) {
  const made = await rolldown({ input: entry, platform: 'neutral', logLevel: 'silent' })
  const { output } = await made.generate({ format: 'es', minify })
  await made.close()
  const [{ code, imports }] = output
  if (output.length !== 1 || imports.length > 0) throw new Error(`the main entry imports ${imports.join(', ')}`)
  return code
}

function takeBack() {
  if (existsSync(compiled)) renameSync(compiled, entry)
}

if (process.argv.includes('--put')) {
  takeBack()
  const code = await bundle()
  renameSync(entry, compiled)
  writeFileSync(entry, code)
} else if (process.argv.includes('--take-back')) takeBack()
