/** Very many alerts at once, told by an application: a handful of messages, bounded memory, and pages that answer. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { daemonOfTest, metric } from '../fixtures/daemon.js'
import { httpFarEnd, type Posted } from '../fixtures/far-end.js'
import { until } from '../fixtures/until.js'
import { PROVE, record } from './prove.js'

const PROOF = 'alert storm'
const ALERTS = PROVE ? 10_000 : 2000
/** Events of one post, the most that the ingest takes. */
const BATCH = 1000
const PATHS = ['/', '/health', '/metrics']
const MOST_MESSAGES = 12
const MOST_RESIDENT_MB = 300

/** The most memory that a process ever had resident. */
function mostResidentMb(pid: number): number {
  const [, kibibytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return (Number(kibibytes) * 1024) / 1e6
}

/** One of the many: half of them are of one kind, half of another. */
function eventOf(index: number): object {
  const name = `part-${index}`
  return index % 2 === 0
    ? { type: 'provider', server: 'notes', provider: name, ok: false, durationMs: 5 }
    : { type: 'security', server: 'notes', kind: name, severity: 'CRITICAL' }
}

/** How many alerts the newest message of each group stands for. */
function told(got: readonly Posted[]): readonly number[] {
  const bodies = got.map(({ body }) => JSON.parse(body) as { groupKey: string; alerts: []; truncatedAlerts: number })
  return [...new Map(bodies.map((one) => [one.groupKey, one.alerts.length + one.truncatedAlerts])).values()]
}

test(`${ALERTS} alerts at once are a handful of messages, and pages answer all the while`, {
  timeout: 120_000,
}, async () => {
  const far = await httpFarEnd()
  const alerts = {
    ...{ groupWaitMs: 2000, groupIntervalMs: 2000 },
    channels: { hook: { type: 'webhook', url: far.url } },
    routes: [{ notify: ['log', 'hook'] }],
  }
  const daemon = await daemonOfTest({ config: { alerts } })
  const token = readFileSync(join(daemon.dataDir, 'token'), 'utf8').trim()
  const events = Array.from({ length: ALERTS }, (_, index) => eventOf(index))
  const post = async (from: number) => {
    const answer = await fetch(`${daemon.url}/v1/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        sender: { kind: 'script', name: 'app', version: '1' },
        events: events.slice(from, from + BATCH),
      }),
    })
    expect(await answer.json()).toMatchObject({ rejected: [] })
  }
  const waits: number[] = []
  const ask = async () => {
    for (const path of PATHS) {
      const at = performance.now()
      const answer = await fetch(daemon.url + path, { signal: AbortSignal.timeout(20_000) })
      await answer.text()
      expect(answer.status).toBe(200)
      waits.push(performance.now() - at)
    }
  }

  await Promise.all([ask(), ...Array.from({ length: ALERTS / BATCH }, (_, batch) => post(batch * BATCH))])
  await until(
    async () => {
      await ask()
      return told(far.got).reduce((sum, count) => sum + count, 0) === ALERTS
    },
    60_000,
    () => `told of ${told(far.got)}:\n${daemon.stdout().slice(-2000)}`,
  )
  expect(await metric(daemon.url, 'mcp_vitals_alerts', { state: 'firing' })).toBe(ALERTS)
  expect(far.got.length).toBeLessThanOrEqual(MOST_MESSAGES)
  const residentMb = mostResidentMb(daemon.process.pid as number)
  expect(residentMb).toBeLessThan(MOST_RESIDENT_MB)
  record(PROOF, 'alerts at once', ALERTS)
  record(PROOF, 'messages that the webhook got', far.got.length)
  record(PROOF, 'resident memory, most', residentMb.toFixed(0), 'MB')
  record(PROOF, 'pages answered meanwhile', waits.length)
  record(PROOF, 'longest that one took', Math.max(...waits).toFixed(0), 'ms')
})
