/**
 * What users run, in few files instead of many: a program reads it in a fraction of the time and needs less memory.
 *
 * - The library's main entry, and the one for recording by hand, as one file each: `npm pack` puts them in the place of the files
 *   that the compiler wrote, and takes them away again (`node scripts/bundle.mjs --put` and `--take-back`, the package's `prepack` and `postpack`).
 * - The command and its threads, with the packages that they are made of: `node scripts/bundle.mjs --pack` writes them to
 *   `packages/server/packed`, where each program lies as it does in `dist`. That folder is what `mcp-vitals` ships, what
 *   `npm start` runs, and what the end-to-end tests run; each packs it first, so that it is never older than its sources.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { rolldown } from 'rolldown'

const packages = join(fileURLToPath(new URL('..', import.meta.url)), 'packages')
const library = join(packages, 'instrument/dist')
/** Of the library, the entries that are packed as one file each: those that a server imports itself. */
const ENTRIES = ['index.js', 'record.js']
const dist = join(packages, 'server/dist')

/** Where the packed command lies. */
export const PACKED = join(packages, 'server/packed')
/** The command, with all of `mcp-vitals wrap`, which stands beside every server: one file, so that a wrap stays small. */
const COMMAND = 'cli/main.js'
/** What the command starts or loads when it is needed: the other commands, threads, and programs of their own. */
const APART = [
  ...['cli/run', 'derive/index', 'demo/server'],
  ...['store/worker', 'audit-store/worker', 'pager/worker', 'engine/worker', 'sqlite/copy-worker'],
]
/** Our files find others by their own place, `../<folder>/<file>`, and so does each chunk, one folder deep as they are. */
const CHUNKS = 'chunks/[name]-[hash].js'
/** Not part of any package that is installed: what a driver of PostgreSQL looks for, and does without. */
const NEVER_THERE = ['pg-native', 'pg-cloudflare']

/**
 * What is the same at every start is worked out now: modules of ours, each with what stands in its place. To make the
 * configuration's schema and to read the rules that come along was a fifth of what a daemon's start cost.
 */
const WORKED_OUT = {
  'config/json-schema': async (load) =>
    `export const configSchema = ${literal((await load('config/json-schema')).configSchema)}`,
  'rules/shipped': async (load) => {
    const [{ RULE_SETS }, { shippedGroups }] = await Promise.all([load('rules/options'), load('rules/shipped')])
    const groups = Object.fromEntries(RULE_SETS.map((set) => [set, shippedGroups(set)]))
    return `const groups = ${literal(groups)}\nexport const shippedGroups = (set) => groups[set]`
  },
}

/** Data as a program: read by JSON's reader, which takes half the time of the compiler. */
const literal = (value) => `JSON.parse(${JSON.stringify(JSON.stringify(value))})`

const workedOut = {
  name: 'worked-out',
  load(id) {
    const made = Object.entries(WORKED_OUT).find(([path]) => id === join(dist, `${path}.js`))?.[1]
    return made?.((path) => import(pathToFileURL(join(dist, `${path}.js`)).href))
  },
}

const built = (options) => rolldown({ tsconfig: false, logLevel: 'silent', ...options })

/**
 * The library's main entry and all that it needs, as text: as small as users' own bundlers make it, and a little smaller.
 * `input`: another file, which is an entry or imports something of one, in its place.
 */
export async function bundle({ input = join(library, ENTRIES[0]) } = {}) {
  const made = await built({ input, platform: 'neutral' })
  const mangleProps = { include: new RegExp(`^(?:${(await namesOfOurOwn()).join('|')})$`) }
  const minify = { compress: true, mangle: true, mangleProps }
  const { output } = await made.generate({
    format: 'es',
    minify,
    comments: { annotation: false },
    codeSplitting: false,
  })
  await made.close()
  if (output.length !== 1 || output[0].imports.length > 0) throw new Error(`${input} is not one file without imports`)
  return output[0].code
}

/**
 * Names of what is taken from a message and never leaves the module that takes it: those of `PATHS` that are no words of
 * the protocol and no fields of events. What other copies of the package may see keeps its names.
 */
async function namesOfOurOwn() {
  const of = (path) => import(pathToFileURL(join(library, path)).href)
  const [{ PATHS }, { ENVELOPE, EVENTS }] = await Promise.all([of('mcp/paths.js'), of('event/index.js')])
  const words = Object.values(PATHS).flatMap(({ path }) => path)
  const fields = [ENVELOPE, ...Object.values(EVENTS).map(({ fields }) => fields)].flatMap(Object.keys)
  const known = new Set([...words, ...fields])
  return Object.keys(PATHS).filter((name) => !known.has(name))
}

/** Packs the command into `PACKED`, unless nothing that it is made from has changed since. */
export async function pack() {
  const sources = [dist, library].flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.js'))
      .map((entry) => join(entry.parentPath, entry.name)),
  )
  const made = join(PACKED, COMMAND)
  const rules = readdirSync(join(packages, 'server/rules')).map((name) => join(packages, 'server/rules', name))
  const others = [fileURLToPath(import.meta.url), join(packages, '../package-lock.json')]
  const changed = Math.max(...[...sources, ...rules, ...others].map((file) => statSync(file).mtimeMs))
  if (existsSync(made) && statSync(made).mtimeMs > changed) return
  const { dependencies } = JSON.parse(readFileSync(join(packages, 'server/package.json'), 'utf8'))
  const installed = (id) => id.startsWith('node:') || packageOf(id) in dependencies || NEVER_THERE.includes(id)
  // Beside each other, each package's own modules are the better ones: its other form looks files up at run time.
  // Modules of ours do nothing when they are loaded: a program takes along what it uses of them, and no more.
  const ours = (id) => id.startsWith(dist) || id.startsWith(library)
  const shared = {
    ...{ platform: 'node', resolve: { mainFields: ['module', 'main'] }, plugins: [workedOut] },
    treeshake: { moduleSideEffects: (id) => (ours(id) ? false : undefined) },
  }
  const apart = new Set(APART.map((path) => join(dist, `${path}.js`)))
  const isApart = (id, importer) => id.startsWith('.') && apart.has(join(dirname(importer ?? dist), id))
  const chunks = [
    // Without its folder, so that what is left apart stays named as it was.
    ...(
      await written({
        input: { ...shared, input: join(dist, COMMAND), external: (id, by) => installed(id) || isApart(id, by) },
        output: { codeSplitting: false, entryFileNames: basename(COMMAND) },
      })
    ).map((chunk) => ({ ...chunk, fileName: COMMAND })),
    ...(await written({
      input: {
        ...shared,
        input: Object.fromEntries(APART.map((path) => [path, join(dist, `${path}.js`)])),
        external: installed,
      },
      output: { entryFileNames: '[name].js', chunkFileNames: CHUNKS },
    })),
  ]
  const next = `${PACKED}.${process.pid}`
  for (const { fileName, code } of chunks) {
    mkdirSync(dirname(join(next, fileName)), { recursive: true })
    writeFileSync(join(next, fileName), code, { mode: fileName === COMMAND ? 0o755 : 0o644 })
  }
  writeFileSync(join(next, 'THIRD-PARTY-LICENSES.txt'), licences(chunks.flatMap(({ moduleIds }) => moduleIds)))
  rmSync(PACKED, { recursive: true, force: true })
  renameSync(next, PACKED)
}

async function written({ input, output }) {
  const made = await built(input)
  // Names stay, since they stand in the stacks that users send us; comments and space go, since they lie in memory.
  const minify = { compress: true, mangle: false, codegen: true }
  const { output: chunks } = await made.generate({ format: 'es', minify, ...output })
  await made.close()
  // What is begun by its own name does something when it is loaded, and is no place for what others need.
  const begun = new Set(chunks.filter(({ isEntry }) => isEntry).map(({ fileName }) => fileName))
  for (const { fileName, imports } of chunks)
    if (imports.some((name) => begun.has(name)))
      throw new Error(`${fileName} needs ${imports.find((name) => begun.has(name))}`)
  return chunks
}

const packageOf = (id) => /^(?:@[^/]+\/)?[^/]+/.exec(id)?.[0] ?? id

/** Who made the packages inside, and on what terms: each asks that its notice goes with it. */
export function licences(moduleIds) {
  const folders = new Set(moduleIds.map((id) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0]).filter(Boolean))
  return [...folders]
    .sort()
    .map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
      const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry))
      const text = file === undefined ? '' : `\n${readFileSync(join(folder, file), 'utf8').trim()}\n`
      return `${name} ${version} (${license})\n${text}`
    })
    .join(`\n${'-'.repeat(80)}\n\n`)
}

const [action] = process.argv[1] === fileURLToPath(import.meta.url) ? process.argv.slice(2) : []
if (action === '--pack') await pack()
else if (action !== undefined) {
  const places = ENTRIES.map((name) => {
    // Beside `dist`, of which everything is packed.
    return { entry: join(library, name), aside: join(packages, `instrument/.compiled-${name}`) }
  })
  for (const { entry, aside } of places) if (existsSync(aside)) renameSync(aside, entry)
  if (action === '--put') {
    // Both are made of what the compiler wrote, before either takes its place.
    const codes = await Promise.all(places.map(({ entry }) => bundle({ input: entry })))
    for (const [at, { entry, aside }] of places.entries()) {
      const { mode } = statSync(entry)
      renameSync(entry, aside)
      writeFileSync(entry, codes[at], { mode })
    }
  }
}
