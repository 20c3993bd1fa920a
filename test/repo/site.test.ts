/** The documentation as a site: it is built, and what would be broken in it is found. */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { FILES, ROOT } from './files.js'

type Page = readonly [file: string, label: string]
type Sections = readonly { readonly title: string; readonly pages: readonly Page[] }[]
interface Settings {
  readonly root?: string
  readonly sections?: Sections
}
const { buildSite } = (await import('../../scripts/site.mjs' as string)) as {
  buildSite(out: string, settings?: Settings): number
}
const { rendered } = (await import('../../scripts/site/markdown.mjs' as string)) as {
  rendered(
    markdown: string,
    hrefOf: (href: string) => string | undefined,
  ): { readonly html: string; readonly headings: readonly { readonly id: string }[] }
}

function folderOfTest(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-vitals-site-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

test('it is built of our pages: every one, and none that asks anything of another host', () => {
  const out = join(folderOfTest(), 'site')
  expect(buildSite(out)).toBeGreaterThan(50)
  const pages = FILES.filter((file) => /^docs\/.*\.md$/.test(file)).map((file) => file.replace(/\.md$/, '.html'))
  for (const page of [...pages, 'index.html']) {
    const html = readFileSync(join(out, page), 'utf8')
    expect(html, page).toMatch(/^<!doctype html>\n<html lang="en">/)
    expect(html, page).not.toMatch(/<(?:script|img|link|iframe)[^>]*(?:src|href)="(?:[a-z]+:)?\/\//)
    expect(html, page).not.toMatch(/(?:undefined|\[object Object\])"/)
  }
  // Again, in its own place.
  expect(buildSite(out)).toBeGreaterThan(50)
})

/** What a build says of a repository of these files. */
function said(files: Readonly<Record<string, string>>, pages: readonly Page[], out = folderOfTest()): string {
  const root = folderOfTest()
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  try {
    return String(buildSite(join(out, 'site'), { root, sections: [{ title: 'All', pages }] }))
  } catch (error) {
    return (error as Error).message
  }
}

test('links and anchors that lead nowhere, and pages without a way to them, fail the build', () => {
  const home = '# Home\n\n[a](docs/a.md#one-thing) [code](src/x.ts) [elsewhere](https://example.org/)\n'
  const files = { 'README.md': home, 'docs/a.md': '# A\n\n## One thing\n', 'src/x.ts': '' }
  const pages = [
    ['README.md', 'Home'],
    ['docs/a.md', 'A'],
  ] as const
  expect(said(files, pages)).toMatch(/^\d+$/)
  expect(said({ ...files, 'docs/b.md': '# B\n' }, pages)).toContain('docs/b.md is in no section of the navigation')
  expect(said(files, [...pages, ['docs/c.md', 'C']])).toContain('docs/c.md is in the navigation, and is not there')
  expect(said({ ...files, 'src/x.ts': '', 'docs/a.md': '# A\n' }, pages)).toContain(
    'README.md: docs/a.md#one-thing names no heading of that page',
  )
  expect(said({ ...files, 'docs/a.md': '# A\n\n## One thing\n\n[x](../nowhere.md) [y](#lost)\n' }, pages)).toMatch(
    /docs\/a\.md: \.\.\/nowhere\.md leads nowhere\n {2}docs\/a\.md: #lost names no heading/,
  )
})

test('a folder with something else in it is left as it is', () => {
  const out = folderOfTest()
  mkdirSync(join(out, 'site'))
  writeFileSync(join(out, 'site/mine.txt'), 'mine')
  expect(
    said(
      { 'README.md': '# Home\n', 'docs/a.md': '# A\n' },
      [
        ['README.md', 'Home'],
        ['docs/a.md', 'A'],
      ],
      out,
    ),
  ).toContain('has something else in it')
  expect(readFileSync(join(out, 'site/mine.txt'), 'utf8')).toBe('mine')
})

test('headings have the anchors that repositories give them, and markup in a page stays text', () => {
  const { html, headings } = rendered(
    '# `/health` & more\n\n## Twice\n\n## Twice\n\n<script>x</script>\n\na <b>c</b>\n',
    () => '',
  )
  expect(headings.map(({ id }) => id)).toEqual(['health--more', 'twice', 'twice-1'])
  expect(html).not.toMatch(/<script|<b>/)
  expect(html).toContain('&lt;script&gt;x&lt;/script&gt;')
})

test('the built site is nothing that the repository keeps', () => {
  expect(readFileSync(join(ROOT, '.gitignore'), 'utf8')).toContain('/site/')
})

test('in a clone where nothing is installed the command installs first', () => {
  const clone = folderOfTest()
  for (const name of ['scripts', 'package.json', 'package-lock.json'])
    cpSync(join(ROOT, name), join(clone, name), { recursive: true })
  const npm = join(clone, 'npm.js')
  writeFileSync(npm, 'console.log("asked for", process.argv[2]); process.exitCode = 1')
  const { status, stderr } = spawnSync(process.execPath, [join(clone, 'scripts/site.mjs')], {
    env: { ...process.env, npm_execpath: npm },
    encoding: 'utf8',
  })
  expect(stderr).toMatch(/FAIL install dependencies .*\nasked for ci\n/)
  expect(status).toBe(1)
})
