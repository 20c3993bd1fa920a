/** What a browser loads before it shows anything, and what the page asks of others: bytes and texts of the build itself. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { beforeAll, expect, test } from 'vitest'

/** Promised to users. */
const MOST_FIRST_LOAD_BYTES = 150_000
/** What it is, and a little: who adds to it sees it here. */
const MOST_NOW_BYTES = 72_000

let folder = ''
beforeAll(async () => {
  const { buildWeb, WEB } = (await import('../../scripts/web.mjs' as string)) as {
    buildWeb(): Promise<void>
    WEB: string
  }
  await buildWeb()
  folder = WEB
})

const text = (file: string) => readFileSync(join(folder, file), 'utf8')

test('the first load is small, and the editor of queries is no part of it', () => {
  const page = text('index.html')
  const first = [...page.matchAll(/(?:src|href)="\/admin\/dashboard\/([^"]+)"/g)].map(([, file = '']) => file)
  expect(first.filter((file) => file.endsWith('.js')).length).toBeGreaterThan(0)
  const bytes = [page, ...first.map(text)].reduce((sum, content) => sum + gzipSync(content).length, 0)
  expect(bytes).toBeLessThan(MOST_FIRST_LOAD_BYTES)
  expect(bytes).toBeLessThan(MOST_NOW_BYTES)
  expect(first.filter((file) => file.includes('editor'))).toEqual([])
})

test('nothing is written into the page, and nothing of another host is asked for', () => {
  const page = text('index.html')
  expect(page).not.toMatch(/<script(?![^>]*\bsrc=)[^>]*>|<style|\sstyle=|\son\w+=/)
  for (const file of readdirSync(join(folder, 'assets')))
    if (/\.(?:css|html)$/.test(file)) expect(text(`assets/${file}`), file).not.toMatch(/url\(|@import|https?:/)
})
