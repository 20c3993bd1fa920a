import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Transport } from '@modelcontextprotocol/client'
import { expect, onTestFinished, test } from 'vitest'
import { timeSlowest } from '../../../packages/server/src/checks/mcp/slowest.js'
import { checkFor } from '../../conformance/check.js'

const question = (id: number) => ({ jsonrpc: '2.0' as const, id, method: 'ping' })
const answer = (id: number) => ({ jsonrpc: '2.0' as const, id, result: {} })

test('the latency of a check is that of its slowest question, not of all that it asks', async () => {
  let now = 0
  const end: Transport = { start: async () => {}, send: async () => {}, close: async () => {} }
  const slowest = timeSlowest(end, () => now)
  expect(end.onmessage).toBeUndefined()
  const heard: unknown[] = []
  end.onmessage = (message) => void heard.push(message)
  expect(slowest.ms()).toBeUndefined()

  for (const [id, took] of [
    [1, 1500],
    [2, 1700],
    [3, 1600],
  ] as const) {
    await end.send(question(id))
    now += took
    end.onmessage?.(answer(id))
  }
  expect(slowest.ms()).toBe(1700)
  expect(heard).toEqual([1, 2, 3].map(answer))

  slowest.reset()
  expect(slowest.ms()).toBeUndefined()
  // What the server asks, and answers that nobody asked for, are no latency of it.
  now += 9000
  end.onmessage?.(question(4))
  end.onmessage?.(answer(77))
  expect(slowest.ms()).toBeUndefined()
})

const OPENING_MS = 2_000

/** A server of before 2026-07-28 that holds its answer to `initialize` back, and no other one. */
async function startSlowToOpen(): Promise<{ readonly url: string; openedAt(): number }> {
  let openedAt = 0
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    if (request.method !== 'POST') return void response.writeHead(405).end()
    const { id, method } = JSON.parse(Buffer.concat(chunks).toString()) as { id?: number; method: string }
    if (id === undefined) return void response.writeHead(202).end()
    if (method === 'initialize') await sleep(OPENING_MS)
    const about = {
      protocolVersion: '2025-11-25',
      capabilities: { tools: {} },
      serverInfo: { name: 's', version: '1' },
    }
    const result = method === 'initialize' ? about : method === 'tools/list' ? { tools: [] } : undefined
    const outcome = result === undefined ? { error: { code: -32601, message: 'Method not found' } } : { result }
    response.setHeader('content-type', 'application/json')
    if (method === 'initialize') openedAt = performance.now()
    response.end(JSON.stringify({ jsonrpc: '2.0', id, ...outcome }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`, openedAt: () => openedAt }
}

test('how long a session takes to open is no latency of a server that is asked more, and else is', async () => {
  const server = await startSlowToOpen()
  const run = (listTools: boolean) =>
    checkFor({ type: 'mcp', url: server.url, listTools, timeoutMs: 60_000 }).run(AbortSignal.timeout(60_000))
  const listed = await run(true)
  expect(listed).toMatchObject({ ok: true, tools: [] })
  // The list came after the opening: it took no longer than what is past since then.
  expect(listed.latencyMs).toBeLessThanOrEqual(performance.now() - server.openedAt())
  const opened = await run(false)
  expect(opened.ok).toBe(true)
  // A timer may be a millisecond early.
  expect(opened.latencyMs).toBeGreaterThanOrEqual(OPENING_MS - 2)
})
