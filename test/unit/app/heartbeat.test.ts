import { expect, onTestFinished, test } from 'vitest'
import { startHeartbeat } from '../../../packages/server/src/app/alert-senders.js'
import type { Logger } from '../../../packages/server/src/sinks/log/index.js'
import { httpFarEnd } from '../../fixtures/far-end.js'
import { until } from '../../fixtures/until.js'

/** A heartbeat whose condition is asked far more often than anybody may set. */
async function beating(isWell: () => Promise<boolean>) {
  const far = await httpFarEnd()
  const warnings: string[] = []
  const logger = { warning: (name: string) => void warnings.push(name) } as unknown as Logger
  const heartbeat = startHeartbeat({ url: `${far.url}/beat`, everyMs: 10 }, isWell, logger)
  onTestFinished(() => heartbeat.stop())
  return { far, warnings, heartbeat }
}

test('beats while all is well, and no more when it is not, or nobody can say', async () => {
  const answers = [async () => true, async () => true, async () => false, () => new Promise<boolean>(() => {})]
  let asked = 0
  const { far, heartbeat } = await beating(() => (answers[asked++] ?? answers[3]!)())
  await until(
    () => asked === answers.length,
    10_000,
    () => `asked ${asked} times`,
  )
  expect(far.got.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /beat', 'GET /beat'])
  expect(heartbeat.lastAt()).toBeGreaterThan(0)
})

test('one that nobody hears is told once', async () => {
  const { far, warnings, heartbeat } = await beating(async () => true)
  far.behave('broken')
  const from = far.got.length
  await until(
    () => far.got.length >= from + 3,
    10_000,
    () => 'it does not beat',
  )
  expect(warnings).toEqual(['heartbeat_failed'])
  heartbeat.stop()
})
