import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { rulesFor } from '../../../packages/server/src/cli/wrap-rules.js'
import { openDataDir } from '../../../packages/server/src/datadir/index.js'
import { encodeDerivations } from '../../../packages/server/src/derive/index.js'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mcp-vitals-shared-'))
  vi.stubEnv('MCP_VITALS_DATA', dir)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(dir, { recursive: true, force: true })
})

const DERIVATIONS = [{ server: 'shop', tool: 'buy', event: 'business', name: 'orders' }] as const

test('a wrap takes what the daemon left, for its own server', async () => {
  const dataDir = await openDataDir(dir)
  await dataDir.share('derivations', encodeDerivations(DERIVATIONS))
  expect(statSync(join(dir, 'derivations.json')).mode & 0o777).toBe(0o600)
  expect((await rulesFor('shop'))?.placesOf('buy')).toEqual([])
  expect(await rulesFor('other')).toBeUndefined()
  await dataDir.share('derivations', undefined)
  expect(await rulesFor('shop')).toBeUndefined()
  await dataDir.share('derivations', undefined)
})

test.each([
  ['no JSON', () => '{'],
  ['nothing', () => ''],
  ['null', () => 'null'],
  ['another version', () => encodeDerivations(DERIVATIONS).replace('"version":1', '"version":2')],
  ['an event that is none', () => encodeDerivations(DERIVATIONS).replace('business', 'nothing')],
])('%s is taken for none, and the wrap goes on', async (_, text) => {
  writeFileSync(join(dir, 'derivations.json'), text())
  expect(readFileSync(join(dir, 'derivations.json'), 'utf8')).toBe(text())
  expect(await rulesFor('shop')).toBeUndefined()
})
