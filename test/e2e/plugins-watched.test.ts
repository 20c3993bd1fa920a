/** Servers made of plugins are watched by the daemon as others are: what they list, and what a call of them answers. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { daemonOfTest, metric } from '../fixtures/daemon.js'
import { until } from '../fixtures/until.js'

const WAIT_MS = 30_000

test('a tool that is gone is no more, and a server whose call fails is down; the checks are no traffic', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'mcp-vitals-watched-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const write = (plugin: string, does: string) => {
    mkdirSync(join(dir, plugin), { recursive: true })
    writeFileSync(
      join(dir, plugin, 'cli'),
      `#!/bin/sh\n[ "$1" = --help ] || { ${does}; exit; }\necho "Available commands: hello"\n`,
    )
    chmodSync(join(dir, plugin, 'cli'), 0o755)
  }
  write('well', 'echo hi')
  write('other', 'echo hi')
  const calls = [{ tool: 'well.hello', expectText: 'hi' }]
  const monitor = { intervalMs: 1000, retries: 0, failureThreshold: 1, servers: { scripts: { calls } } }
  const daemon = await daemonOfTest({ config: { servers: { scripts: { plugins: dir } }, monitor } })
  const becomes = (name: string, labels: Record<string, string>, value: number | undefined) =>
    until(
      async () => (await metric(daemon.url, name, { server: 'scripts', ...labels })) === value,
      WAIT_MS,
      () => `${name} ${JSON.stringify(labels)} never was ${value}`,
    )
  const success = 'mcp_probe_success'
  await becomes(success, { check: 'mcp' }, 1)
  await becomes('mcp_tool_availability', { tool_name: 'other.hello' }, 1)
  // What the daemon asked at its start came by the gateway; the checks do not.
  const asked = () => metric(daemon.url, 'mcp_requests_total', { endpoint: 'scripts', method: 'tools/list' })
  await until(
    () => daemon.lines().some(({ message }) => /Server scripts answers/.test(String(message))),
    WAIT_MS,
    () => daemon.stdout(),
  )
  const before = await asked()
  expect(before).toBeGreaterThan(0)
  rmSync(join(dir, 'other'), { recursive: true })
  await becomes('mcp_tool_availability', { tool_name: 'other.hello' }, undefined)
  write('well', 'echo no >&2; exit 3')
  await becomes(success, { check: 'mcp' }, 0)
  expect(await asked()).toBe(before)
  expect(await metric(daemon.url, 'mcp_tool_calls_total', { server: 'scripts', tool: 'well.hello' })).toBeFalsy()
  write('well', 'echo hi')
  await becomes(success, { check: 'mcp' }, 1)
})
