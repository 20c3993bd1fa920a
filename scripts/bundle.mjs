/**
 * What is started often, as one file each instead of many: a program reads it in a fraction of the time, and a wrap, which
 * stands beside every server, is smaller by megabytes. `npm pack` puts each in the place of the file that the compiler wrote
 * and takes it away again: in the repository that stays, so that nothing is ever older than its sources.
 *
 * `node scripts/bundle.mjs --put <name>` and `--take-back <name>` are what a package's `prepack` and `postpack` run.
 */
import { existsSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const packages = join(fileURLToPath(new URL('..', import.meta.url)), 'packages')

const ENTRIES = {
  /** The library's main entry, which imports nothing. */
  instrument: { file: 'instrument/dist/index.js', platform: 'neutral', apart: [], minify: false },
  /**
   * The command, with all of `mcp-vitals wrap`; the other commands and derivations, which few wraps have, stay apart. A
   * program's text lies in its memory, so this one has no comments and short names.
   */
  server: {
    file: 'server/dist/cli/main.js',
    platform: 'node',
    apart: ['server/dist/cli/run.js', 'server/dist/derive/index.js'],
    minify: true,
  },
}

/** An entry and all that it needs, as text. `minify`: as small as users' own bundlers make it. */
export async function bundle({ name = 'instrument', minify = ENTRIES[name].minify } = {}) {
  const { file, platform, apart } = ENTRIES[name]
  const outside = new Set(apart.map((path) => join(packages, path)))
  const input = join(packages, file)
  const made = await rolldown({
    input,
    platform,
    tsconfig: false,
    logLevel: 'silent',
    external: (id, importer) => id.startsWith('node:') || outside.has(join(dirname(importer ?? input), id)),
    // What is left outside is named as it was, from where the one file lies.
    makeAbsoluteExternalsRelative: true,
  })
  const { output } = await made.generate({ format: 'es', minify, codeSplitting: false })
  await made.close()
  const [{ code, imports }] = output
  const foreign = imports.filter((id) => !id.startsWith('node:'))
  if (output.length !== 1 || foreign.length > 0) throw new Error(`${file} imports ${foreign.join(', ')}`)
  return code
}

const [action, name] = process.argv[1] === fileURLToPath(import.meta.url) ? process.argv.slice(2) : []
if (action !== undefined) {
  const compiled = join(packages, ENTRIES[name].file)
  // Beside `dist`, of which everything is packed.
  const aside = join(packages, name, '.compiled.js')
  if (existsSync(aside)) renameSync(aside, compiled)
  if (action === '--put') {
    const code = await bundle({ name })
    const { mode } = statSync(compiled)
    renameSync(compiled, aside)
    writeFileSync(compiled, code, { mode })
  }
}
