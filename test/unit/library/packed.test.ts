/** The main entry as it is packed, with short names in it, tells what the compiled files tell. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import type { Event } from '../../../packages/instrument/src/event/index.js'

const SIDES = fileURLToPath(new URL('../../fixtures/library/sides.mjs', import.meta.url))
const COMPILED = new URL('../../../packages/instrument/dist/index.js', import.meta.url).href

const toldBy = (entry: string) =>
  JSON.parse(execFileSync(process.execPath, [SIDES, entry], { encoding: 'utf8' })) as {
    readonly events: readonly Event[]
    readonly stats: object
  }

test('packed or not, a session gives the same events', async () => {
  const { bundle } = (await import('../../../scripts/bundle.mjs' as string)) as { bundle(): Promise<string> }
  const folder = mkdtempSync(join(tmpdir(), 'packed-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const packed = join(folder, 'index.mjs')
  writeFileSync(packed, await bundle())
  const told = toldBy(pathToFileURL(packed).href)
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
