/** How large the library's main entry is for those who bundle it: bytes, which are the same on every machine. */
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'

/** What it is, and a little: who adds to it sees it here. */
const MOST_GZIP_BYTES = 12_500

test('the main entry is one file without imports, and small', async () => {
  const { bundle } = (await import('../../scripts/bundle.mjs' as string)) as {
    bundle(options: { readonly minify: boolean }): Promise<string>
  }
  const code = await bundle({ minify: true })
  expect(code).not.toMatch(/\bimport\b[^.(]*['"`]|\brequire\(/)
  expect(gzipSync(code, { level: 9 }).length).toBeLessThan(MOST_GZIP_BYTES)
})
