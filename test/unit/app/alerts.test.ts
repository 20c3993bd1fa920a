import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type Event, event } from '../../../packages/instrument/src/event/index.js'
import { openAlerts } from '../../../packages/server/src/app/alerts.js'
import { createTeardown } from '../../../packages/server/src/app/teardown.js'
import { configOptions } from '../../../packages/server/src/config/options.js'
import type { Logger } from '../../../packages/server/src/sinks/log/index.js'
import type { EventQuery } from '../../../packages/server/src/store/query.js'
import { until } from '../../fixtures/until.js'

const MINUTE_MS = 60_000
const config = configOptions.parse({ alerts: { groupWaitMs: 0, groupIntervalMs: 1000, groupBy: ['...'] } })

const failed = (provider: string, at: number) =>
  event('provider', at, { server: 'notes' }, { provider, ok: false, durationMs: 5 })
const anomaly = (tool: string, stage: 'found' | 'over', at: number) =>
  event(
    'anomaly',
    at,
    { server: 'notes' },
    { name: tool, signal: 'latency', stage, severity: 'MEDIUM', usual: 10, seen: 40, calls: 30 },
  )

/** The alerts of a daemon in this directory, and what its log was told. */
async function start(dataDir: string) {
  const told: string[] = []
  const say = (name: string, message: string) => {
    if (name.startsWith('alert_')) told.push(`${name} ${/(?:provider|tool)=(\w+)/.exec(message)?.[1]}`)
  }
  const logger = { info: say, warning: say, error: say } as unknown as Logger
  const teardown = createTeardown(() => {})
  onTestFinished(() => teardown.run())
  const { fold, pager, restore } = await openAlerts({ config, dataDir, logger, teardown })
  return {
    told,
    pager: pager!,
    see: (seen: Event) => fold.fold(seen, 'local'),
    restore: (kept: readonly Event[]) =>
      restore({
        read: async ({ type, since = 0 }: EventQuery = {}) =>
          kept.filter((one) => one.type === type && one.at >= since).reverse(),
      }),
    stop: () => teardown.run(),
  }
}

test('an event that was stored, and raised no alert before a kill, does so at the next start, and no other does again', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'mcp-vitals-test-'))
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }))
  const before = failed('before', Date.now())
  const first = await start(dataDir)
  first.see(before)
  await until(
    () => first.told.includes('alert_firing before'),
    20_000,
    () => first.told.join(),
  )
  await first.stop()

  const now = Date.now()
  const second = await start(dataDir)
  await second.restore([
    failed('long_over', now - 10 * MINUTE_MS),
    anomaly('passed', 'found', now - 2),
    before,
    anomaly('passed', 'over', now - 1),
    failed('untold', now),
  ])
  await until(
    () => second.told.includes('alert_firing untold'),
    20_000,
    () => second.told.join(),
  )
  const counts = (await second.pager.alerts()).alerts.map(({ alert }) => `${alert.labels.provider} ${alert.count}`)
  expect(counts.sort()).toEqual(['before 1', 'untold 1'])
  expect(second.told).toEqual(['alert_firing untold'])
  expect(first.told).toEqual(['alert_firing before'])
})

test('where nothing is known of before, what should fire still is told, and what is over is not', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'mcp-vitals-test-'))
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }))
  const now = Date.now()
  const daemon = await start(dataDir)
  await daemon.restore([failed('over', now - 10 * MINUTE_MS), failed('lasts', now - MINUTE_MS)])
  await until(
    () => daemon.told.length > 0,
    20_000,
    () => 'nothing was told',
  )
  expect((await daemon.pager.alerts()).alerts.map(({ alert }) => alert.labels.provider)).toEqual(['lasts'])
  expect(daemon.told).toEqual(['alert_firing lasts'])
})
