import { createServer } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningDaemon, startDaemon } from '../fixtures/daemon.js'
import { until } from '../fixtures/until.js'
import { listen, REAL, startHttpServer } from './gateway-harness.js'

let everything: Awaited<ReturnType<typeof startHttpServer>>
const astray = createServer((_, res) =>
  res.writeHead(200, { 'content-type': 'text/event-stream' }).write('event: endpoint\ndata: http://127.0.0.1:1/in\n\n'),
)
let daemon: RunningDaemon

beforeAll(async () => {
  const environment = (port: number) => ({ PORT: String(port) })
  everything = await startHttpServer(() => [REAL.everything, 'sse'], environment, '/sse')
  const config = {
    servers: {
      old: { url: everything.address, transport: 'sse' },
      astray: { url: `${await listen(astray)}/sse`, transport: 'sse' },
    },
    // A check that is late is down for that, and says no more why.
    providers: {
      behind: { type: 'mcp', server: 'old', timeoutMs: 60_000 },
      beside: { type: 'mcp', server: 'astray', timeoutMs: 60_000 },
    },
  }
  daemon = await startDaemon({ config })
})
afterAll(async () => {
  await daemon.stop()
  astray.closeAllConnections()
  astray.close()
  everything.process.kill()
})

test('the daemon’s own first look and its checks speak HTTP+SSE to such a server, and say why one is not used', async () => {
  const said = () => daemon.lines().map(({ message }) => String(message))
  const hears = (pattern: RegExp) =>
    until(
      () => said().some((message) => pattern.test(message)),
      20_000,
      () => `${pattern} in\n${said().join('\n')}`,
    )
  await hears(/Server old answers: [1-9]\d* tools/)
  await hears(/Server astray does not answer: .*it leads to http:\/\/127\.0\.0\.1:1 instead of/)
  await hears(/Provider down: beside, status 502/)
  const metrics = async () => (await fetch(`${daemon.url}/metrics`)).text()
  await until(
    async () => {
      const text = await metrics()
      return (
        /^mcp_requests_total\{[^}]*tools\/list[^}]*"old"[^}]*"200"\} [1-9]/m.test(text) &&
        // Of the look, and of the check.
        /^mcp_requests_total\{[^}]*initialize[^}]*"old"[^}]*"200"\} [2-9]/m.test(text) &&
        /^mcp_http_requests_total\{[^}]*GET[^}]*astray[^}]*"502"\} [1-9]/m.test(text) &&
        /^mcp_unreadable_messages_total\{[^}]*astray[^}]*"endpoint"\} [1-9]/m.test(text)
      )
    },
    20_000,
    () => 'the counters of both servers',
  )
  expect(said().filter((message) => message.startsWith('Provider down: behind'))).toEqual([])
})
