/**
 * Makes a program of the library's modules shorter than a minifier may: it knows which names nobody else can see. Used by
 * `bundle.mjs` for the library's main entry.
 */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { minify } from 'rolldown/experimental'
import { parseAst } from 'rolldown/parseAst'

/** What copies of the package share objects by, whose members have other names in each entry that was shortened. */
const MAKE = 'sdk/2'
/** Where declarations stand whose names others see: users, other copies of the package, and its other entries, which are not shortened. */
const SEEN = ['vitals', 'event', 'sdk/instrument', 'sdk/options', 'sdk/shapes', 'hand', 'mcp/call-reading', 'stream']
/** Where names are those of the package's own. */
const OWN = ['mcp', 'sdk']
/** A member of a class or an interface, as the compiler writes it into a declaration file: one a line. */
const MEMBER = /^\s+(?:(?:readonly|static|protected|private|get|set|abstract) )*([A-Za-z]\w*)\??[:(<]/gm
/** Names that the language and its platforms have, beyond those that their objects have. */
const OF_THE_LANGUAGE = [
  'value',
  'writable',
  'enumerable',
  'configurable',
  'get',
  'set',
  'next',
  'done',
  'return',
  'throw',
]

/** The program `code`, made of the modules in `dist`, in as few bytes as can be. */
export async function shorten(code, dist) {
  const seen = await namesThatOthersSee(dist)
  const own = [...new Set(OWN.flatMap((path) => membersIn(join(dist, path))))].filter((name) => !seen.has(name))
  const { code: short, errors } = await minify('index.js', withoutUnused(code, own), {
    module: true,
    compress: true,
    mangle: true,
    mangleProps: { include: new RegExp(`^(?:${own.join('|')})$`) },
    codegen: { removeWhitespace: true },
  })
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'))
  if (!short.includes(MAKE)) throw new Error(`there is no ${MAKE} any more: what names the copies that share objects?`)
  const make = `${MAKE}/${createHash('sha256').update(short).digest('hex').slice(0, 8)}`
  // Collections without a content are known to do nothing by whoever takes unused code away.
  return short.replace(MAKE, make).replaceAll('/* @__PURE__ */ ', '')
}

/** Names of the platform, of MCP's messages, of events and of whatever else leaves the program. */
async function namesThatOthersSee(dist) {
  const of = (path) => import(pathToFileURL(join(dist, path)).href)
  const [{ PATHS }, { ENVELOPE, EVENTS }] = await Promise.all([of('mcp/paths.js'), of('event/index.js')])
  const fields = [ENVELOPE, ...Object.values(EVENTS).map(({ fields }) => fields)]
  const choices = fields.flatMap((one) => Object.values(one)).flatMap(({ choices = [] }) => choices)
  return new Set([
    ...namesOfThePlatform(),
    ...Object.values(PATHS).flatMap(({ path }) => path),
    ...fields.flatMap(Object.keys),
    ...choices,
    ...SEEN.flatMap((path) => membersIn(join(dist, path))),
  ])
}

function namesOfThePlatform() {
  const objects = Object.getOwnPropertyNames(globalThis).map((name) => globalThis[name])
  const theirs = objects.flatMap((object) => [object, object?.prototype]).filter((object) => Object(object) === object)
  return [...OF_THE_LANGUAGE, ...[globalThis, ...theirs].flatMap(Object.getOwnPropertyNames)]
}

/** Members that the declaration files of a module, or of all modules in a folder, have. */
function membersIn(path) {
  const files = existsSync(`${path}.d.ts`) ? [`${path}.d.ts`] : readdirSync(path).map((name) => join(path, name))
  return files
    .filter((file) => file.endsWith('.d.ts'))
    .flatMap((file) => [...readFileSync(file, 'utf8').matchAll(MEMBER)].map(([, name]) => name))
}

/** Without methods of our own that only other programs made of these modules call. */
function withoutUnused(code, own) {
  const names = new Set(own)
  const used = new Map()
  const methods = []
  walk(parseAst(code), (node) => {
    if (
      node.type === 'MethodDefinition' &&
      node.key.type === 'Identifier' &&
      !node.computed &&
      names.has(node.key.name)
    )
      methods.push(node)
    else if (node.type === 'Identifier') used.set(node.name, (used.get(node.name) ?? 0) + 1)
  })
  const unused = methods.filter(
    ({ key }) => used.get(key.name) === methods.filter((one) => one.key.name === key.name).length,
  )
  if (unused.length === 0) return code
  let rest = code
  for (const { start, end } of unused.sort((a, b) => b.start - a.start)) rest = rest.slice(0, start) + rest.slice(end)
  return withoutUnused(rest, own)
}

function walk(node, visit) {
  if (typeof node?.type === 'string') visit(node)
  for (const value of Object.values(node ?? {})) if (typeof value === 'object') walk(value, visit)
}
