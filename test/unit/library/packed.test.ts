/** The entries that are packed as one file each, with short names in them, tell what the compiled files tell. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import type { Event } from '../../../packages/instrument/src/event/index.js'

const SIDES = fileURLToPath(new URL('../../fixtures/library/sides.mjs', import.meta.url))
const ENTRIES = ['index.js', 'record.js']
const COMPILED = ENTRIES.map((name) => new URL(`../../../packages/instrument/dist/${name}`, import.meta.url).href)

const toldBy = (entries: readonly string[]) =>
  JSON.parse(execFileSync(process.execPath, [SIDES, ...entries], { encoding: 'utf8' })) as {
    readonly events: readonly Event[]
    readonly stats: object
  }

test('packed or not, a session gives the same events', async () => {
  const { bundle } = (await import('../../../scripts/bundle.mjs' as string)) as {
    bundle(options: { readonly input: string }): Promise<string>
  }
  const folder = mkdtempSync(join(tmpdir(), 'packed-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const packed = await Promise.all(
    COMPILED.map(async (url, at) => {
      const file = join(folder, `${at}.mjs`)
      writeFileSync(file, await bundle({ input: fileURLToPath(url) }))
      return pathToFileURL(file).href
    }),
  )
  const told = toldBy(packed)
  expect(told).toEqual(toldBy(COMPILED))
  expect(told.stats).toEqual({ lost: 0, faults: 0 })
  const ended = told.events.filter((event) => event.type === 'request.ended')
  expect(ended.map((event) => event.outcome)).toEqual([
    ...['ok', 'ok', 'ok', 'protocol_error', 'tool_error', 'ok', 'ok', 'tool_error', 'tool_error'],
    ...['cancelled', 'ok', 'cancelled'],
  ])
  expect(ended.some(({ rounds }) => rounds === 2)).toBe(true)
  expect(ended.filter(({ task }) => task)).toHaveLength(2)
})
