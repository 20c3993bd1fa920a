import { event } from '@mcp-vitals/instrument/event'
import { describe, expect, test } from 'vitest'
import { createStatusFace } from '../../../packages/server/src/faces/status/index.js'
import type { SystemReport } from '../../../packages/server/src/monitor/index.js'
import type { ProviderReport } from '../../../packages/server/src/providers/index.js'
import { createPlugins, createVitals } from '../../../packages/server/src/state/index.js'

describe('status page', () => {
  const inputs = {
    version: '1',
    demoMode: true,
    uptimeSeconds: () => 1,
    metricsPath: '/metrics',
    addressOf: () => undefined,
    workload: createPlugins(() => 0).snapshot,
    system: (): SystemReport => ({ colour: 'GREEN', reasons: [], components: [] }),
    providers: async (): Promise<readonly ProviderReport[]> => [],
  }

  test('hostile names come out as text', async () => {
    const hostile = createVitals(() => 0)
    const origin = { server: '<script>alert(1)</script>', session: 's' }
    const opened = { era: 'legacy' as const, serverName: '"><img src=x onerror=alert(2)>' }
    hostile.fold(event('session.opened', 0, origin, opened), 'local')
    const answer = await createStatusFace({ ...inputs, vitals: hostile.snapshot })()
    const text = await answer.text()
    expect(text).not.toMatch(/<script|<img/)
    expect(text).toContain('&lt;script&gt;')
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
  })

  test('with nothing to show it says what to do next', async () => {
    const answer = await createStatusFace({ ...inputs, vitals: createVitals(() => 0).snapshot })()
    const text = await answer.text()
    expect(text).toContain('mcp-vitals up --config mcp.json')
    for (const heading of ['Providers', 'Plugins', 'Queues']) expect(text).not.toContain(heading)
  })

  test('the whole has a colour with its reasons, and components have a table', async () => {
    const components = [
      { name: '<i>disk', type: 'disk', status: 'unhealthy', reasons: ['<b>full'], latencyMs: 2, failures: 3 } as const,
    ]
    const system = () => ({ colour: 'RED', reasons: ['<b>why'], components }) as const
    const vitals = createVitals(() => 0).snapshot
    const text = await (await createStatusFace({ ...inputs, vitals, system })()).text()
    expect(text).toContain('<b class="red">RED</b><br>&lt;b&gt;why')
    expect(text).toMatch(
      /<b>&lt;i&gt;disk<\/b><td>disk\s*<td class="unhealthy">unhealthy<br><small>&lt;b&gt;full<\/small>/,
    )
  })

  test('providers, plugins and queues have a table each once there is one', async () => {
    const plugins = createPlugins(() => 60_000)
    const origin = { server: 'host' }
    const ran = { plugin: '<i>echo', command: 'say', outcome: 'process_exit' as const, durationMs: 5 }
    plugins.fold(event('plugin', 0, origin, ran), 'local')
    const queued = { plugin: 'echo', action: 'started' as const, waitMs: 1500, size: 7 }
    plugins.fold(event('queue', 60_000, origin, queued), 'local')
    const down = { status: 'down', reason: 'status', code: '503', latencyMs: 12 } as const
    const providers = async () => [{ name: 'twilio', type: 'http', required: false, ...down } as const]
    const vitals = createVitals(() => 0).snapshot
    const text = await (await createStatusFace({ ...inputs, vitals, providers, workload: plugins.snapshot })()).text()
    expect(text).toMatch(
      /<b>twilio<\/b> <small>not required<\/small><td>http\s*<td class="down">down<br><small>status · 503/,
    )
    expect(text).toMatch(/<b>&lt;i&gt;echo<\/b><td>host<td class="down">down\s*<td class="n">1<td class="n">100 %/)
    expect(text).toMatch(/<b>echo<\/b><td>host<td class="n">7<td class="n">1\s*<td class="n">1500 ms/)
  })
})
