/** The main entry as it is packed, with short names in it, tells what the compiled files tell. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import type { Event } from '../../../packages/instrument/src/event/index.js'

const SIDES = fileURLToPath(new URL('../../fixtures/library/sides.mjs', import.meta.url))
const COPIES = fileURLToPath(new URL('../../fixtures/library/copies.mjs', import.meta.url))
const COMPILED = new URL('../../../packages/instrument/dist/index.js', import.meta.url).href

const printedBy = (script: string, ...entries: readonly string[]) =>
  JSON.parse(execFileSync(process.execPath, [script, ...entries], { encoding: 'utf8' })) as unknown
const toldBy = (entry: string) =>
  printedBy(SIDES, entry) as { readonly events: readonly Event[]; readonly stats: object }

/** The address of the main entry as it is packed. */
async function packedEntry(): Promise<string> {
  const { bundle } = (await import('../../../scripts/bundle.mjs' as string)) as { bundle(): Promise<string> }
  const folder = mkdtempSync(join(tmpdir(), 'packed-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const packed = join(folder, 'index.mjs')
  writeFileSync(packed, await bundle())
  return pathToFileURL(packed).href
}

test('packed or not, a session gives the same events', async () => {
  const told = toldBy(await packedEntry())
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

test('copies whose insides have other names count a call once, and either takes both away', async () => {
  expect(printedBy(COPIES, await packedEntry(), COMPILED)).toEqual({
    events: [
      ...['request.started add', 'request.ended add ok'],
      ...['tools.listed', 'request.started add', 'request.ended add ok'],
      ...['request.started add', 'request.ended add ok', 'session.closed'],
    ],
    restored: true,
    stats: { lost: 0, faults: 0 },
  })
})
