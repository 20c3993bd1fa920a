/** A server that is gone: its people are told of that, and not of each of its tools. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ruleSetFile } from '../../packages/server/src/rules/index.js'
import { daemonOfTest } from '../fixtures/daemon.js'
import { httpFarEnd } from '../fixtures/far-end.js'
import { until } from '../fixtures/until.js'

const DEADLINE_MS = 60_000
const SERVER = new URL('../fixtures/tools-server.mjs', import.meta.url).pathname

interface Shown {
  readonly state: string
  readonly labels: Readonly<Record<string, string>>
  readonly quiet?: { readonly reason: string; readonly by: string }
}

/** The shipped rules, made fast. */
function fastRules(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-vitals-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  for (const set of ['own', 'commerce'] as const) {
    const rules = readFileSync(ruleSetFile(set), 'utf8')
    writeFileSync(join(folder, `${set}.yml`), rules.replace(/(for|interval): \d+[smh]/g, '$1: 1s'))
  }
  return join(folder, '*.yml')
}

test(
  'a server that is down hides the alerts of its tools, in a view without servers too',
  async () => {
    const server = spawn(process.execPath, [SERVER, '0'], { stdio: ['ignore', 'pipe', 'inherit'] })
    onTestFinished(() => void server.kill())
    const [line] = (await once(server.stdout, 'data')) as [Buffer]
    const team = await httpFarEnd()
    const daemon = await daemonOfTest({
      config: {
        servers: { shop: { url: `${String(line).trim()}/json` } },
        series: { intervalMs: 1000, job: 'devskyy_mcp' },
        metrics: { labels: { tool_availability: ['tool_name'] } },
        rules: { intervalMs: 1000, sets: [], files: [fastRules()] },
        alerts: {
          ...{ groupBy: ['alertname'], groupWaitMs: 0, groupIntervalMs: 1000 },
          channels: { team: { type: 'webhook', url: team.url } },
          routes: [{ notify: ['team'] }],
        },
      },
    })
    const secret = (file: string) => `Bearer ${readFileSync(join(daemon.dataDir, file), 'utf8').trim()}`
    const listed = async () => {
      const headers = { authorization: secret('owner-token') }
      const answer = await fetch(`${daemon.url}/admin/api/alerts`, { headers })
      return ((await answer.json()) as { readonly alerts: readonly Shown[] }).alerts
    }
    const soon = (condition: () => boolean | Promise<boolean>) => until(condition, DEADLINE_MS, () => daemon.stdout())

    await soon(async () => /tool_name="read_note"} 1$/m.test(await (await fetch(`${daemon.url}/metrics`)).text()))
    server.kill('SIGKILL')
    await once(server, 'exit')
    const message = { jsonrpc: '2.0', id: 1, method: 'ping' }
    await fetch(`${daemon.url}/mcp/shop`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      body: JSON.stringify(message),
    })

    const told = () =>
      team.got.flatMap(({ body }) => (JSON.parse(body) as { readonly alerts: readonly Shown[] }).alerts)
    const names = () => new Set(told().map(({ labels }) => labels.alertname))
    await soon(async () => {
      const firing = (await listed()).filter(({ state }) => state === 'firing')
      return firing.filter(({ labels }) => labels.alertname === 'ToolUnavailable').length === 3
    })
    await soon(() => names().has('ServerDown') && names().has('ServerUnreachable'))
    for (const { labels, quiet } of await listed())
      expect([labels.alertname, quiet?.reason]).toEqual([
        labels.alertname,
        labels.alertname?.startsWith('Server') ? undefined : 'inhibition',
      ])
    // What was told says the labels of its rule alone.
    expect(told().find(({ labels }) => labels.alertname === 'ServerDown')?.labels.server).toBeUndefined()
    expect([...names()].sort()).toEqual(['ServerDown', 'ServerUnreachable'])
  },
  2 * DEADLINE_MS,
)
