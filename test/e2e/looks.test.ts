/** What a page says of calls that have just passed: they are looked at a little later, and every page takes them first. */
import { expect, onTestFinished, test } from 'vitest'
import { daemonOfTest, metric } from '../fixtures/daemon.js'
import { ask, call } from '../fixtures/door-clients.js'
import { fixture, startHttpServer } from './gateway-harness.js'

/** How many calls of the tool the status page lists. */
const callsOn = async (page: string) => ((await ask(page, { method: 'GET' })).text.match(/read_note/g) ?? []).length

test('a page that is asked for right after an answer has the call', async () => {
  const upstream = await startHttpServer((port) => [fixture('tools-server.mjs'), String(port)])
  onTestFinished(() => void upstream.process.kill())
  const { url } = await daemonOfTest({
    config: { servers: { json: { url: `${new URL(upstream.address).origin}/json` } } },
  })
  for (let calls = 1; calls <= 20; calls++) {
    await ask(`${url}/mcp/json`, { body: call(calls, 'read_note', { id: 1 }) })
    if (calls % 2 === 0) expect(await callsOn(`${url}/`)).toBe(calls)
    expect(await metric(url, 'mcp_tool_calls_total', { server: 'json', tool: 'read_note', status: 'success' })).toBe(
      calls,
    )
  }
})
