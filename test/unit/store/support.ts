import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type Event, type EventOf, event } from '../../../packages/instrument/src/event/index.js'
import type { VitalsError } from '../../../packages/server/src/errors/index.js'
import { openStore, type Store, storeOptions } from '../../../packages/server/src/store/index.js'

/** A directory that is gone when the test is over. */
export function tempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'mcp-vitals-test-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** The `n`th of many distinct events, a second apart, ending now unless `at` says otherwise. */
export function call(n: number, changes: Partial<EventOf<'request.ended'>> = {}): Event {
  const made = event(
    'request.ended',
    Date.now() - 1_000_000 + n,
    { server: 'files', session: 'a1b2', transport: 'stdio' },
    {
      direction: 'client_to_server',
      method: 'tools/call',
      name: 'read_file',
      operation: `op-${n}`,
      outcome: 'ok',
      status: 200,
      durationMs: 12.5,
      requestBytes: 120,
      responseBytes: 4096,
    },
  )
  return { ...made, ...changes }
}

export function calls(count: number, from = 1): Event[] {
  return Array.from({ length: count }, (_, index) => call(from + index))
}

export const entries = (events: readonly Event[]) => events.map((event) => ({ event, entrance: 'local' as const }))

export const operations = (events: readonly Event[]) =>
  events.map((event) => ('operation' in event ? event.operation : ''))

/** A store that is closed when the test is over. */
export async function testStore(
  dir: string,
  options: Partial<{ retentionDays: number; maxBytes: number }> = {},
): Promise<{ store: Store; faults: VitalsError[] }> {
  const faults: VitalsError[] = []
  const store = await openStore({ dir, options: storeOptions.parse(options), onFault: (error) => faults.push(error) })
  onTestFinished(() => store.close(), 10_000)
  return { store, faults }
}

/** Polls until `check` returns something true, and fails after `deadlineMs`. */
export async function until<T>(check: () => Promise<T> | T, deadlineMs = 20_000): Promise<T> {
  const end = Date.now() + deadlineMs
  for (;;) {
    const value = await check()
    if (value) return value
    if (Date.now() > end) throw new Error('the condition did not become true in time')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
