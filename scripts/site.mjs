/**
 * `npm run site`: the documentation as a folder of static pages, made of README.md, docs/ and what they lead to. They ask
 * nothing of anybody, so they are read from any web server, or as files. The build fails, and writes nothing, when a page is
 * left out of the navigation (scripts/site/map.mjs), or a link or an anchor leads nowhere.
 *
 * `--out <folder>` names another folder than `site`.
 */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path/posix'
import { pathToFileURL } from 'node:url'
import { setUp } from './setup.mjs'
import { SECTIONS } from './site/map.mjs'

const ROOT = join(import.meta.dirname, '..')

const isCommand = import.meta.url === pathToFileURL(process.argv[1] ?? '').href
if (isCommand && !(await setUp({ build: [] }))) process.exit(1)
// Only now: both need a dependency, which a new clone does not have yet.
const { framed, wayTo } = await import('./site/frame.mjs')
const { rendered } = await import('./site/markdown.mjs')

/** Where a page of the repository stands on the site. */
const placeOf = (file) =>
  file.endsWith('README.md') ? join(dirname(file), 'index.html') : file.replace(/\.md$/, '.html')

/** Files that go along as they are, where a page leads to one. */
const GOES_ALONG = /^(docs|examples)\/.*\.\w+$/

/** Every page below docs/ that the repository at `root` has. */
const pagesBelow = (root, folder = 'docs') =>
  readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory()
      ? pagesBelow(root, `${folder}/${entry.name}`)
      : entry.name.endsWith('.md')
        ? [`${folder}/${entry.name}`]
        : [],
  )

/** Pages and files of the site, by their places, of a repository and a map of pages; and what is wrong with them. */
export function siteOf(root = ROOT, sections = SECTIONS) {
  const faults = []
  const named = sections.flatMap(({ pages }) => pages.map(([file]) => file))
  for (const file of pagesBelow(root))
    if (!named.includes(file)) faults.push(`${file} is in no section of the navigation`)
  for (const file of named)
    if (!existsSync(join(root, file))) faults.push(`${file} is in the navigation, and is not there`)
    else if (named.indexOf(file) !== named.lastIndexOf(file)) faults.push(`${file} is in the navigation twice`)
  if (faults.length > 0) return { faults, files: new Map() }

  const copies = new Map()
  /** What a page's link leads to, as the site has it; its anchor is looked at when all pages are known. */
  const wayFrom = (file, links) => (href) => {
    if (/^[a-z][a-z+.-]*:/i.test(href)) return href
    const [path, anchor] = href.split('#')
    const target = path === '' ? file : normalize(join(dirname(file), decodeURI(path))).replace(/\/$/, '')
    const hash = anchor === undefined ? '' : `#${anchor}`
    if (named.includes(target)) {
      links.push({ target, anchor, href })
      return path === '' ? hash : wayTo(placeOf(file), placeOf(target)) + hash
    }
    if (!existsSync(join(root, target))) faults.push(`${file}: ${href} leads nowhere`)
    else if (GOES_ALONG.test(target)) {
      copies.set(target, join(root, target))
      return wayTo(placeOf(file), target) + hash
    }
    return undefined
  }

  const filled = sections.map(({ title, pages }) => ({
    title,
    pages: pages.map(([file, label]) => {
      const links = []
      const { html, headings } = rendered(readFileSync(join(root, file), 'utf8'), wayFrom(file, links))
      const [first] = headings
      if (first?.depth !== 1) faults.push(`${file} does not begin with a heading`)
      return { file, label, place: placeOf(file), title: first?.text ?? label, html, headings, links }
    }),
  }))
  const pages = filled.flatMap((section) => section.pages)
  for (const { file, links } of pages)
    for (const { target, anchor, href } of links)
      if (anchor !== undefined && !pages.find((page) => page.file === target).headings.some(({ id }) => id === anchor))
        faults.push(`${file}: ${href} names no heading of that page`)

  const { version } = JSON.parse(readFileSync(join(ROOT, 'packages/server/package.json'), 'utf8'))
  const index = pages.flatMap(({ label, place, headings }) =>
    headings.map(({ text, depth, id }) => (depth === 1 ? [label, place, label, ''] : [label, place, text, id])),
  )
  const files = new Map([
    ...pages.map((page) => [page.place, framed(page, pages, filled, version)]),
    ['search-index.js', `globalThis.SEARCH_INDEX = ${JSON.stringify(index)}\n`],
    ...['search.js', 'site.css'].map((name) => [name, readFileSync(join(ROOT, 'scripts/site', name), 'utf8')]),
  ])
  return { faults, files, copies }
}

/**
 * Writes the site to a folder, in the place of an older one, and gives the number of its files. Throws with every fault, and
 * where the folder has something else in it.
 */
export function buildSite(out, { root = ROOT, sections = SECTIONS } = {}) {
  const { faults, files, copies } = siteOf(root, sections)
  if (faults.length > 0) throw new Error(`The site was not built:\n${faults.map((fault) => `  ${fault}`).join('\n')}`)
  if (existsSync(out) && readdirSync(out).length > 0 && !existsSync(join(out, 'search-index.js')))
    throw new Error(`${out} has something else in it, and is left as it is: name another folder with --out`)
  rmSync(out, { recursive: true, force: true })
  const folderOf = (place) => mkdirSync(dirname(join(out, place)), { recursive: true })
  for (const [place, text] of files) {
    folderOf(place)
    writeFileSync(join(out, place), text)
  }
  for (const [place, from] of copies) {
    folderOf(place)
    copyFileSync(from, join(out, place))
  }
  return files.size + copies.size
}

if (isCommand) {
  const at = process.argv.indexOf('--out')
  const out = at === -1 ? join(ROOT, 'site') : process.argv[at + 1]
  try {
    console.log(`${buildSite(out)} files in ${out}: open ${join(out, 'index.html')}`)
  } catch (error) {
    console.error(error.message)
    process.exitCode = 1
  }
}
