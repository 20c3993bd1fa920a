import type { Transport } from '@modelcontextprotocol/client'
import { expect, test } from 'vitest'
import { timeSlowest } from '../../../packages/server/src/checks/mcp/slowest.js'

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
