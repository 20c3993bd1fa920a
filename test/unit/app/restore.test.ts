import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { type Event, event } from '../../../packages/instrument/src/event/index.js'
import { readActive } from '../../../packages/server/src/app/restore.js'
import { openStore, type Store } from '../../../packages/server/src/store/index.js'
import { storeOptions } from '../../../packages/server/src/store/options.js'

let store: Store | undefined
const dirs: string[] = []
afterEach(async () => {
  await store?.close()
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true })
})

const NOW = Date.now()
const agent = (at: number, id: string | undefined, action: 'provisioned' | 'deprovisioned' | 'used', server = 's') =>
  event('agent', NOW + at, { server, ...(id !== undefined && { agent: id }) }, { action })
const voice = (at: number, action: 'started' | 'ended', id: string | undefined, origin: object = {}) =>
  event('voice', NOW + at, { server: 's', ...origin }, { action, ...(id !== undefined && { id }) })

async function activeAfter(events: readonly Event[]): Promise<string[]> {
  const dir = mkdtempSync(join(tmpdir(), 'mcp-vitals-restore-'))
  dirs.push(dir)
  store = await openStore({ dir, options: storeOptions.parse({}) })
  for (let from = 0; from < events.length; from += 5000)
    await store.append(events.slice(from, from + 5000).map((event) => ({ event })))
  const active = await readActive(store)
  return active.map((one) => `${one.type} ${one.server} ${one.type === 'voice' ? one.id : one.agent}`).sort()
}

test('agents are those provisioned and not deprovisioned, of each server for itself', async () => {
  const events = [
    agent(0, 'a', 'provisioned'),
    agent(1, 'b', 'provisioned'),
    agent(2, 'a', 'deprovisioned'),
    agent(3, 'a', 'used'),
    agent(4, 'b', 'deprovisioned', 'other'),
    agent(5, 'c', 'provisioned'),
    agent(5, 'c', 'deprovisioned'),
    agent(5, 'c', 'provisioned'),
    agent(6, undefined, 'provisioned'),
  ]
  expect(await activeAfter(events)).toEqual(['agent s b', 'agent s c'])
})

test('voice sessions are those started and not ended, by id or by an MCP session that goes on', async () => {
  const closed = event('session.closed', NOW, { server: 's', session: 'w2' }, { durationMs: 1, reason: 'client' })
  const events = [
    voice(0, 'started', 'call-1', { session: 'g1', transport: 'http' }),
    voice(1, 'started', 'call-2'),
    voice(2, 'ended', 'call-2', { session: 'elsewhere' }),
    voice(3, 'started', undefined, { session: 'g1', transport: 'http' }),
    voice(4, 'started', undefined, { session: 'w1', transport: 'stdio' }),
    voice(5, 'started', undefined, { session: 'w2', transport: 'stdio' }),
    voice(6, 'started', undefined),
    closed,
  ]
  expect(await activeAfter(events)).toEqual(['voice s call-1', 'voice s w1'])
})

test('over more events than one page holds, many of one millisecond', async () => {
  const uses = Array.from({ length: 25_000 }, (_, i) => agent(10 + Math.floor(i / 4000), 'a', 'used'))
  const events = [agent(0, 'a', 'provisioned'), agent(1, 'b', 'provisioned'), agent(2, 'b', 'deprovisioned'), ...uses]
  expect(await activeAfter(events)).toEqual(['agent s a'])
})
