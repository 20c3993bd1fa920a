import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { AlertEngine } from '../../../packages/server/src/alerts/index.js'
import { alertsOptions } from '../../../packages/server/src/alerts/options.js'
import { type AlertDatabase, openAlertDatabase } from '../../../packages/server/src/pager/database.js'
import { Keeper } from '../../../packages/server/src/pager/keeper.js'
import { named } from '../alerts/engine-harness.js'

const traits = {
  ...{ sendsResolved: true, sendsAcknowledged: false },
  ...{ fallbackAfterMs: 1000, giveUpAfterMs: 1000, receiptTimeoutMs: 1000 },
}
const NONE = { reports: [], pulses: [], settled: [] }

function keeperOf(database: AlertDatabase, onDisk: (error: unknown) => void, historyDays = 90): Keeper {
  const options = { ...alertsOptions.parse({}), groupWaitMs: 0 }
  const engine = new AlertEngine({ options, graveToo: [], traitsOf: () => traits, kept: database.load(), now: 0 })
  return new Keeper({ database, engine, historyDays, onDisk, onHistory: () => {} })
}

function database(): AlertDatabase {
  const dir = mkdtempSync(join(tmpdir(), 'mcp-vitals-test-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return openAlertDatabase(join(dir, 'alerts.db'), () => {})
}

const report = (...names: readonly string[]) => ({
  ...NONE,
  reports: [{ source: 'r', evidence: 'seen' as const, conditions: names.map((name) => named(name)) }],
})

test('while the disk refuses, messages go out all the same, it is told once, and kept when the disk takes it again', () => {
  const real = database()
  let isFull = true
  const told: unknown[] = []
  const keeper = keeperOf(
    {
      ...real,
      save(step) {
        if (isFull) throw new Error('full')
        real.save(step)
      },
    },
    (error) => told.push((error as Error | undefined)?.message),
  )
  const { messages } = keeper.turn(report('A'), 1000)
  expect(messages.map(({ notification }) => notification.alerts[0]!.labels.alertname)).toEqual(['A'])
  keeper.turn({ ...NONE, settled: [{ id: messages[0]!.notification.id, outcome: { is: 'sent' } }] }, 2000)
  keeper.turn(report('A', 'B'), 3000)
  expect([told, real.load()]).toEqual([['full'], []])
  isFull = false
  keeper.turn(NONE, 4000)
  expect(told).toEqual(['full', undefined])
  const kept = real.load().map(({ table }) => table)
  expect(kept.toSorted()).toEqual(['alert', 'alert', 'group', 'group', 'message'])
  expect(real.history({ limit: 10 }).map(({ what }) => what)).toEqual(['firing', 'sent', 'firing'])
})

test('the history is given page by page, of one alert too, and ends after its days', () => {
  const real = database()
  const keeper = keeperOf(real, () => {}, 1)
  for (let at = 0; at < 6; at++) keeper.turn(report(at % 2 === 0 ? 'A' : 'B'), at * 1000)
  const all = keeper.history({ limit: 1000 })
  const [newest, second] = keeper.history({ limit: 2 })
  expect([newest, second]).toEqual(all.slice(0, 2))
  expect(keeper.history({ limit: 1000, before: second!.id })).toEqual(all.slice(2))
  const { fingerprint } = all.find(({ labels }) => labels.alertname === 'B')!
  const ofB = keeper.history({ limit: 1000, fingerprint: fingerprint! })
  expect(ofB.map(({ what }) => what)).toEqual(['firing', 'resolved', 'firing', 'resolved', 'firing'])
  keeper.turn(report('C'), 2 * 86_400_000)
  expect(keeper.history({ limit: 1000 }).every(({ at }) => at > 86_400_000)).toBe(true)
})
