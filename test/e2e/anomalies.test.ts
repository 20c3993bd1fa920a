/** Anomalies from end to end: calls that an application tells of come in, and what is unusual goes to log, metrics and store. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { daemonOfTest, metric, type RunningDaemon } from '../fixtures/daemon.js'
import { until } from '../fixtures/until.js'
import { promises } from '../requirements.js'

/** Calls of the tool `notes.search`, half a second apart: they begin as long ago as live metrics take, and end before now. */
function teller(daemon: RunningDaemon) {
  const token = readFileSync(join(daemon.dataDir, 'token'), 'utf8').trim()
  let at = Date.now() - 100_000
  return async (durationsMs: readonly number[], outcome: 'ok' | 'tool_error' = 'ok'): Promise<void> => {
    const events = durationsMs.map((durationMs, index) => {
      at += 500
      return {
        type: 'request.ended',
        at,
        server: 'notes',
        direction: 'client_to_server',
        method: 'tools/call',
        name: 'search',
        operation: `${at}-${index}`,
        outcome,
        status: outcome === 'ok' ? 200 : 500,
        durationMs,
        requestBytes: 10,
        responseBytes: 1000,
      }
    })
    const answer = await fetch(`${daemon.url}/v1/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ sender: { kind: 'script', name: 'notes', version: '1' }, events }),
    })
    expect(await answer.json()).toMatchObject({ rejected: [] })
  }
}

const usual = (count: number) =>
  Array.from({ length: count }, (_, index) => 100 * Math.exp(0.2 * Math.sin(78.233 * index)))

test(promises('A8.trigger.anomaly'), async () => {
  const daemon = await daemonOfTest()
  const tell = teller(daemon)
  await tell(usual(100))
  await tell(usual(20).map((durationMs) => 3 * durationMs))
  const found = () => daemon.lines().find(({ event, signal }) => event === 'anomaly_found' && signal === 'latency')
  await until(() => found() !== undefined, 10_000, daemon.stdout)
  expect(found()).toMatchObject({
    level: 'warning',
    severity: 'MEDIUM',
    server: 'notes',
    name: 'search',
    message: expect.stringMatching(
      /^Anomaly found: notes\.search, latency: usually calls take about \d+ ms; the last \d+ took about \d+ ms$/,
    ),
  })
  const latency = { server: 'notes', tool: 'search', signal: 'latency' }
  expect(await metric(daemon.url, 'mcp_tool_anomaly_level', latency)).toBe(1)
  expect(await metric(daemon.url, 'mcp_anomalies_total', { ...latency, severity: 'MEDIUM' })).toBe(1)
  expect(await metric(daemon.url, 'mcp_vitals_anomaly_tools')).toBe(1)

  await tell(usual(30), 'tool_error')
  const broken = () => daemon.lines().find(({ event, signal }) => event === 'anomaly_found' && signal === 'errors')
  await until(() => broken() !== undefined, 10_000, daemon.stdout)
  expect(broken()).toMatchObject({ level: 'error', severity: 'HIGH' })

  // Nobody calls any more: the clock of the daemon alone shows that.
  const silent = () => daemon.lines().find(({ event, signal }) => event === 'anomaly_found' && signal === 'silence')
  await until(() => silent() !== undefined, 20_000, daemon.stdout)
  expect(await metric(daemon.url, 'mcp_vitals_events_total', { type: 'anomaly' })).toBeGreaterThanOrEqual(3)
})

test('nothing is compared where it is switched off', async () => {
  const daemon = await daemonOfTest({ config: { servers: {}, anomalies: { enabled: false } } })
  const tell = teller(daemon)
  await tell(usual(100))
  await tell(usual(60), 'tool_error')
  expect(await metric(daemon.url, 'mcp_tool_calls_total', { tool: 'search', status: 'error' })).toBe(60)
  expect(await metric(daemon.url, 'mcp_vitals_events_total', { type: 'anomaly' })).toBeUndefined()
})
