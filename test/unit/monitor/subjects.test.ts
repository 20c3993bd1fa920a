import { expect, test } from 'vitest'
import { monitorOptions } from '../../../packages/server/src/monitor/options.js'
import { junitOf } from '../../../packages/server/src/monitor/report.js'
import { subjectsOf } from '../../../packages/server/src/monitor/subjects.js'

const WAYS = { addressOf: () => '', transportOf: () => 'http' as const, headersOf: () => ({}), clock: () => 0 }
const NODE = { command: 'node', args: [], env: {} }
const FAR = { url: 'http://127.0.0.1:9/mcp', headers: {}, transport: 'http' as const }

test('what is watched, and when: servers by how they are reached, components and providers by what they say', () => {
  const options = monitorOptions.parse({
    api: { url: 'http://localhost:8000' },
    servers: { off: { enabled: false }, far: { intervalMs: 5000, retries: 2, timeoutMs: 700 } },
    components: { root: { type: 'disk' }, quick: { type: 'memory', intervalMs: 2000 } },
  })
  const servers = { near: NODE, far: FAR, off: FAR, api: FAR }
  const found = subjectsOf({ options, servers, providers: {}, metrics: { url: 'http://127.0.0.1:9090/health' } }, WAYS)
  const facts = found.map(({ name, type, server, intervalMs, timeoutMs, retries }) =>
    [name, type, server, intervalMs, timeoutMs, retries].join(' '),
  )
  expect(facts).toEqual([
    'api http  30000 10000 0',
    'metrics_server http  30000 10000 0',
    'near mcp near 300000 30000 0',
    'far mcp far 5000 700 2',
    // Its name was taken; its events are of the server all the same.
    'server_api mcp api 30000 10000 0',
    'root disk  30000 10000 0',
    'quick memory  2000 10000 0',
  ])
})

test('JUnit takes any name and reason as text', () => {
  const hostile = `<a b="c">&\u0000\ud800`
  const component = { name: hostile, type: 'mcp', status: 'unhealthy', reasons: [hostile], failures: 3 } as const
  expect(junitOf({ colour: 'RED', reasons: [], components: [component] })).toContain(
    'name="&lt;a b=&quot;c&quot;&gt;&amp;" time="0.000"><failure message="&lt;a b=&quot;c&quot;&gt;&amp;"/>',
  )
})
