import { existsSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, test } from 'vitest'
import { FILES, ROOT, textOf } from './files.js'

/** What people read; each must be there, and what it names must be too. */
const REQUIRED = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'docs/dependencies.md']
const DOCUMENTS = FILES.filter((file) =>
  /^(README|ARCHITECTURE|CONTRIBUTING|docs\/(?!images\/).+|packages\/[^/]+\/README)(\.md)?$/.test(file),
)

/** A token that begins with one of these names a place in this repository. */
const TOPS = [...new Set(FILES.map((file) => file.split('/', 1)[0] ?? ''))]
const PLANNED_TOPS = ['presets', 'deploy', 'examples', 'clients', 'tools', 'bench']
/** Module folders: `app/http.ts` names a file of one of them. */
const MODULES = new Set(
  FILES.flatMap((file) => /^packages\/(?:instrument|server)\/src\/([^/]+)\//.exec(file)?.[1] ?? []),
)
/** What a build leaves; named as what users run, and checked where the packages are packed. */
const BUILT = /^packages\/[^/]+\/dist(\/|$)/

/** Methods of the protocol look like paths. */
const METHOD = /^tools\/(list|call)$/

const prose = (markdown: string): string => markdown.replace(/^```[\s\S]*?^```/gm, '')

/** Paths that a document names in backticks: what begins with a folder or file of the root, and module folders as `faces/`. */
function namedPaths(markdown: string): readonly string[] {
  const tokens = [...prose(markdown).matchAll(/`([^`\s]+)`/g)].map(([, token = '']) => token)
  return tokens.filter((token) => {
    if (METHOD.test(token)) return false
    const top = token.split('/', 1)[0] ?? ''
    const isPlace = token.includes('/') && ([...TOPS, ...PLANNED_TOPS].includes(top) || MODULES.has(top))
    return isPlace || TOPS.includes(token) || /^[a-z][a-z-]*(\/[a-z][a-z-]*)*\/$/.test(token)
  })
}

/** `a/{b,c}` → `a/b`, `a/c`. */
function expand(path: string): readonly string[] {
  const found = /^(.*?)\{([^{}]*)\}(.*)$/.exec(path)
  if (found === null) return [path]
  const [, before = '', choices = '', after = ''] = found
  return choices.split(',').flatMap((choice) => expand(`${before}${choice}${after}`))
}

/** Whether a named path is there. `<name>` and `*` stand for any one name. */
function isThere(path: string): boolean {
  if (BUILT.test(path)) return true
  const bare = path.replace(/\/$/, '').replace(/#.*$/, '')
  if (!/[<*]/.test(bare))
    return [bare, `packages/instrument/src/${bare}`, `packages/server/src/${bare}`, `packages/${bare}`].some(
      (candidate) => existsSync(join(ROOT, candidate)),
    )
  const pattern = bare.replace(/[.+?^$()|[\]\\]/g, '\\$&').replace(/<[^>]*>|\*+/g, '[^/]+')
  return FILES.some((file) => new RegExp(`^${pattern}(/|$)`).test(file))
}

/** Headings as the anchors that a page of them has. */
const anchors = (markdown: string): readonly string[] =>
  [...prose(markdown).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-'),
  )

/** Links within the repository that lead nowhere. */
function brokenLinks(file: string, markdown: string): readonly string[] {
  const targets = [...prose(markdown).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
  return targets.filter((target) => {
    if (/^[a-z]+:/.test(target)) return false
    const [path = '', anchor] = target.split('#')
    const place = path === '' ? file : normalize(join(dirname(file), path))
    if (!existsSync(join(ROOT, place))) return true
    return anchor !== undefined && place.endsWith('.md') && !anchors(textOf(place)).includes(anchor)
  })
}

describe('documents', () => {
  test('those that people look for are there', () => {
    expect(REQUIRED.filter((file) => !DOCUMENTS.includes(file))).toEqual([])
  })

  test.each(DOCUMENTS)('%s names only paths that exist', (file) => {
    expect(
      namedPaths(textOf(file))
        .flatMap(expand)
        .filter((path) => !isThere(path)),
    ).toEqual([])
  })

  test.each(DOCUMENTS)('%s has no broken link', (file) => {
    expect(brokenLinks(file, textOf(file))).toEqual([])
  })
})

describe('the checks themselves', () => {
  test('find a path that is not there', () => {
    const absent = ['packages/server/src/nil/index.ts', 'nowhere/', 'app/nil.ts', 'test/nil', 'examples/<name>/nil.ts']
    const markdown =
      'See `packages/server/src/nil/index.ts`, `nowhere/`, `app/nil.ts`, `test/{repo,nil}`, `examples/<name>/nil.ts`.'
    const named = namedPaths(markdown).flatMap(expand)
    expect(named.filter((path) => !isThere(path))).toEqual(absent)
  })

  test('take what is there, and what is no path', () => {
    const markdown =
      'See `errors/`, `test/repo/*.test.ts`, `packages/<name>/package.json`; `a/b`, `--x`, `/metrics`, `Accept: x`.'
    expect(namedPaths(markdown)).toEqual(['errors/', 'test/repo/*.test.ts', 'packages/<name>/package.json'])
    expect(namedPaths(markdown).filter((path) => !isThere(path))).toEqual([])
  })

  test('find a broken link and a missing anchor', () => {
    expect(
      brokenLinks('docs/x.md', '[a](nowhere.md) [b](../LICENSE) [d](../test/requirements/CONTRACT.md#lost)'),
    ).toEqual(['nowhere.md', '../test/requirements/CONTRACT.md#lost'])
  })
})
