/** The documentation's site in a browser, opened as files: without a barrier, light and dark, wide and narrow, and found by words. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { barriers, launched, overhang, PATIENCE_MS } from './looking.js'

const folder = mkdtempSync(join(tmpdir(), 'mcp-vitals-site-'))
let browser: Browser

beforeAll(async () => {
  const { buildSite } = (await import('../../scripts/site.mjs' as string)) as { buildSite(out: string): number }
  buildSite(join(folder, 'site'))
  browser = await launched()
})
afterAll(async () => {
  await browser?.close()
  rmSync(folder, { recursive: true, force: true })
})

async function opened(path: string, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
  context.setDefaultTimeout(PATIENCE_MS)
  onTestFinished(() => context.close())
  const page = await context.newPage()
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(String(error)))
  page.on('request', (request) => {
    if (!/^(?:file|data):/.test(request.url())) faults.push(`asks ${request.url()}`)
  })
  onTestFinished(() => expect(faults).toEqual([]))
  await page.goto(`${pathToFileURL(join(folder, 'site', path))}`)
  return page
}

test.each(['index.html', 'docs/comparison.html', 'docs/reference/rules.html'])(
  '%s has no barrier, light and dark',
  async (path) => {
    const page = await opened(path)
    expect(await barriers(page)).toEqual([])
    await page.emulateMedia({ colorScheme: 'dark' })
    expect(await barriers(page, 'looks')).toEqual([])
    await page.setViewportSize({ width: 360, height: 740 })
    expect(await overhang(page)).toBe(0)
    expect(await barriers(page, 'looks')).toEqual([])
  },
)

test('a page is found by words, and links lead on', async () => {
  const page = await opened('docs/guides/dust.html')
  await page.getByLabel('Search').fill('tool_calls_total')
  await page
    .getByRole('link', { name: /mcp_tool_calls_total/ })
    .first()
    .click()
  await page.waitForURL(/docs\/reference\/metrics\.html#mcp_tool_calls_total$/)
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Quick start' }).click()
  await page.getByRole('heading', { level: 1, name: 'mcp-vitals' }).waitFor()
  await page.getByRole('img', { name: /dashboard/ }).scrollIntoViewIfNeeded()
  expect(await page.locator('img').evaluate((image) => (image as HTMLImageElement).decode().then(() => true))).toBe(
    true,
  )
})
