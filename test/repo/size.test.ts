/** How large programs are for those who bundle or start them: bytes, which are the same on every machine. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { expect, onTestFinished, test } from 'vitest'

/** Of the entries that are packed as one file. The main one's is a promise; the other's is what it is, and a little. */
const MOST_GZIP_BYTES = { 'index.js': 10_000, 'record.js': 3950 }
/** Of the main one what the one line needs: `instrument` and nothing else. */
const MOST_LINE_GZIP_BYTES = 9975

const PACKED = fileURLToPath(new URL('../../packages/server/packed', import.meta.url))
const entry = (name: string) => fileURLToPath(new URL(`../../packages/instrument/dist/${name}`, import.meta.url))

async function bundled(input: string): Promise<string> {
  const { bundle } = (await import('../../scripts/bundle.mjs' as string)) as {
    bundle(options: { readonly input: string }): Promise<string>
  }
  return bundle({ input })
}

const gzipBytes = (code: string) => gzipSync(code, { level: 9 }).length

test.each(Object.entries(MOST_GZIP_BYTES))(
  '%s is one file without imports, of at most %i bytes',
  async (name, most) => {
    const code = await bundled(entry(name))
    expect(code).not.toMatch(/\bimport\b[^.(]*['"`]|\brequire\(/)
    expect(gzipBytes(code)).toBeLessThanOrEqual(most)
  },
)

test('who imports instrument alone bundles less', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bundle-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const line = join(folder, 'line.js')
  writeFileSync(line, `export { instrument } from ${JSON.stringify(entry('index.js'))}\n`)
  expect(gzipBytes(await bundled(line))).toBeLessThan(MOST_LINE_GZIP_BYTES)
})

/** What a thread of the daemon loads before it does anything, and a little: a package that comes along unasked is seen here. */
const MOST_START_BYTES = {
  app: 1_694_000,
  'store/worker': 60_000,
  'audit-store/worker': 100_000,
  'pager/worker': 300_000,
  'engine/worker': 480_000,
}

test.each(Object.entries(MOST_START_BYTES))('a daemon starts %s with what it needs, and no more', (name, most) => {
  const chunks = join(PACKED, 'chunks')
  const file = name === 'app' ? readdirSync(chunks).find((one) => one.startsWith('app-')) : undefined
  expect(bytesFrom(file === undefined ? join(PACKED, `${name}.js`) : join(chunks, file))).toBeLessThan(most)
})

/** Bytes of a packed file and of all that it imports by itself. */
function bytesFrom(file: string, seen = new Set<string>()): number {
  if (seen.has(file)) return 0
  seen.add(file)
  const code = readFileSync(file, 'utf8')
  const imported = [...code.matchAll(/(?:\bfrom|\bimport)"(\.[^"]+)"/g)].map(([, path]) => join(dirname(file), path!))
  return imported.reduce((sum, path) => sum + bytesFrom(path, seen), code.length)
}
