/** How large the library's main entry is for those who bundle it: bytes, which are the same on every machine. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { expect, onTestFinished, test } from 'vitest'

/** What it is, and a little: who adds to it sees it here. */
const MOST_GZIP_BYTES = 12_600
/** Of it what the one line needs: `instrument` and nothing else. */
const MOST_LINE_GZIP_BYTES = 10_750

const ENTRY = fileURLToPath(new URL('../../packages/instrument/dist/index.js', import.meta.url))

async function bundled(input?: string): Promise<string> {
  const { bundle } = (await import('../../scripts/bundle.mjs' as string)) as {
    bundle(options: { readonly input?: string | undefined }): Promise<string>
  }
  return bundle({ input })
}

const gzipBytes = (code: string) => gzipSync(code, { level: 9 }).length

test('the main entry is one file without imports, and small', async () => {
  const code = await bundled()
  expect(code).not.toMatch(/\bimport\b[^.(]*['"`]|\brequire\(/)
  expect(gzipBytes(code)).toBeLessThan(MOST_GZIP_BYTES)
})

test('who imports instrument alone bundles less', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bundle-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const line = join(folder, 'line.js')
  writeFileSync(line, `export { instrument } from ${JSON.stringify(ENTRY)}\n`)
  expect(gzipBytes(await bundled(line))).toBeLessThan(MOST_LINE_GZIP_BYTES)
})
