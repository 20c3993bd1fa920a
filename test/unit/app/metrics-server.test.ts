import { createServer } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { type MetricsServer, startMetricsServer } from '../../../packages/server/src/app/metrics-server.js'
import { until } from '../../fixtures/until.js'

const running: MetricsServer[] = []
afterEach(async () => {
  for (const server of running.splice(0)) await server.stop()
})

const quiet = { warning: () => {}, error: () => {} } as unknown as Parameters<typeof startMetricsServer>[0]['logger']

async function start(): Promise<MetricsServer> {
  const create = () => createServer((_, response) => response.end('metrics'))
  const server = await startMetricsServer({ create, host: '127.0.0.1', port: 0, logger: quiet })
  running.push(server)
  return server
}

const answers = async ({ port }: MetricsServer) =>
  fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } }).then(
    (response) => response.ok,
    () => false,
  )

test('a metrics server that ends is started again on its port, as often as it takes', async () => {
  const server = await start()
  for (let round = 0; round < 2; round++) {
    const before = server.server()
    before.close()
    before.closeAllConnections()
    await until(
      async () => server.server() !== before && (await answers(server)),
      10_000,
      () => 'it stayed away',
    )
  }
})

test('one that fails is started again, and one that was stopped is not', async () => {
  const server = await start()
  const before = server.server()
  before.emit('error', new Error('accept failed'))
  before.closeAllConnections()
  await until(
    async () => server.server() !== before && (await answers(server)),
    10_000,
    () => 'it stayed away',
  )
  await server.stop()
  expect(await answers(server)).toBe(false)
  expect(server.server().listening).toBe(false)
})

test('one that is to listen anew does, and says when it is there', async () => {
  const server = await start()
  const before = server.server()
  await server.again()
  expect(server.server()).not.toBe(before)
  expect(before.listening).toBe(false)
  expect(await answers(server)).toBe(true)
})

test('one that moves is started on its port of another address, and of no other', async () => {
  const server = await start()
  server.move('127.0.0.2')
  const at = (host: string) =>
    fetch(`http://${host}:${server.port}/`, { headers: { connection: 'close' } }).then(
      ({ ok }) => ok,
      () => false,
    )
  await until(
    () => at('127.0.0.2'),
    10_000,
    () => 'it never came',
  )
  expect(await at('127.0.0.1')).toBe(false)
})
