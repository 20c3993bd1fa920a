/** Stdio servers are not started for each check: those that clients use are asked beside them. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { expect, onTestFinished, test } from 'vitest'
import { daemonOfTest, metric } from '../fixtures/daemon.js'
import { until } from '../fixtures/until.js'

const PATIENCE_MS = 60_000
const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))

test.each([
  ['legacy', fixture('legacy-server.mjs'), 'legacy'],
  ['modern', `${fixture('modern-server.mjs')} stdio`, 'auto'],
] as const)(
  'a %s server that a client uses is looked at without a start, and judged when it hangs',
  async (_, program, mode) => {
    const folder = mkdtempSync(join(tmpdir(), 'mcp-vitals-starts-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const starts = () => readFileSync(join(folder, 'starts'), 'utf8').length
    const command = `printf x >> ${join(folder, 'starts')}; exec ${process.execPath} ${program}`
    const slow = { latencyMs: 60_000 }
    const daemon = await daemonOfTest({
      config: {
        servers: { notes: { command: 'sh', args: ['-c', command] } },
        monitor: { intervalMs: 1000, timeoutMs: 1000, stdioIntervalMs: 86_400_000, healthy: slow, degraded: slow },
      },
    })
    const checks = (status: string) => metric(daemon.url, 'mcp_probe_checks_total', { server: 'notes', status })
    const eventually = (is: () => boolean | Promise<boolean>) => until(is, PATIENCE_MS, () => daemon.stdout())
    await eventually(async () => ((await checks('success')) ?? 0) >= 1)

    const client = new Client({ name: 'test', version: '1.0.0' }, { versionNegotiation: { mode } })
    // Of a credential of its own, so that nobody asked its process for anything before.
    const requestInit = { headers: { authorization: 'Bearer of-a-test' } }
    await client.connect(new StreamableHTTPClientTransport(new URL(`${daemon.url}/mcp/notes`), { requestInit }))
    onTestFinished(() => client.close())
    // A question before its first call does not tell a server of which revision its client is.
    const looked = (await checks('success')) ?? 0
    await eventually(async () => ((await checks('success')) ?? 0) > looked + 1)
    const pidOf = async () =>
      Number((await client.callTool({ name: 'pid', arguments: {} })).content.map((one) => 'text' in one && one.text)[0])
    const pid = await pidOf()
    const before = starts()
    const used = (await checks('success')) ?? 0
    await eventually(async () => ((await checks('success')) ?? 0) > used + 1)

    process.kill(pid, 'SIGSTOP')
    await eventually(async () => (await metric(daemon.url, 'mcp_probe_up', { server: 'notes' })) === 0)
    const health = (await (await fetch(`${daemon.url}/health`)).json()) as { components: Record<string, object> }
    expect(health.components.notes).toMatchObject({ status: 'unhealthy', reasons: ['no answer in time'] })
    process.kill(pid, 'SIGCONT')
    await eventually(async () => (await metric(daemon.url, 'mcp_probe_up', { server: 'notes' })) === 1)

    // Its client met nothing of all this: neither the questions nor their answers, which came late.
    expect(await pidOf()).toBe(pid)
    expect(starts()).toBe(before)
    expect(await metric(daemon.url, 'mcp_unreadable_messages_total', { server: 'notes' })).toBeUndefined()
    expect(await metric(daemon.url, 'mcp_requests_total', { server: 'notes', method: 'ping' })).toBeUndefined()
  },
  3 * PATIENCE_MS,
)
