/** What comes before the receivers of pushes are opened. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRegistry, expose } from '@mcp-vitals/instrument/metrics'
import { expect, onTestFinished, test } from 'vitest'
import { createPushing } from '../../../packages/server/src/app/push.js'
import { loadConfig } from '../../../packages/server/src/config/index.js'
import type { LogSink } from '../../../packages/server/src/sinks/log/index.js'
import { pushFarEnd, readLoki, readOtlp } from '../../fixtures/push-far-ends.js'
import { until } from '../../fixtures/until.js'
import { configFiles } from '../config/files.js'
import { callOf, lineOf } from '../push/opened.js'

const { file } = configFiles()

test('lines and events wait for receivers that are not open yet, and those beyond the bound are counted', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'push-early-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const far = await pushFarEnd()
  const push = {
    loki: { url: `${far.url}/loki/api/v1/push` },
    otlp: { endpoint: far.url, metrics: false, logs: false },
  }
  const { config } = loadConfig({ file: file('push.json', JSON.stringify({ push })), env: {} })
  let hear: Parameters<LogSink['attach']>[0] = () => {}
  const attach: LogSink['attach'] = (hears) => {
    hear = hears
  }
  const log = { logger: {}, attach } as unknown as LogSink
  const pushing = createPushing(config, dir, log)
  onTestFinished(() => pushing.close())
  const batch = Array.from({ length: 700 })
  for (const round of [1, 2]) {
    hear(batch.map((_, at) => ({ ...lineOf(`${round} ${at}`), source: 'process.started' })))
    await pushing.sinks[0]!.write(batch.map((_, at) => ({ event: callOf(`${round} ${at}`), entrance: 'local' })))
  }

  const registry = createRegistry()
  await pushing.start({
    observation: { registry, view: registry, whole: registry },
    series: { labels: () => ({}), targets: () => [] },
  } as unknown as Parameters<typeof pushing.start>[0])
  const read = (path: string) => far.taken().filter((pushed) => pushed.path === path)
  const lines = () => read('/loki/api/v1/push').flatMap(readLoki)
  const spans = () => read('/v1/traces').flatMap(readOtlp)
  await until(
    () => lines().length >= 1000 && spans().length >= 1000,
    20_000,
    () => `${lines().length} lines, ${spans().length} spans`,
  )
  expect([lines().length, spans().length]).toEqual([1000, 1000])
  expect(lines().at(-1)?.line).toContain('2 299')
  const lost = (await expose(registry)).match(/^mcp_vitals_push_items_lost_total.*"room".*$/gm)
  expect(lost?.map((line) => line.replace(/.*receiver="(\w+)".* /, '$1 '))).toEqual(['loki 400', 'otlp_traces 400'])
})
