/** How large `instrument` says that results are, against what their JSON takes. Looking at them as a whole is rare. */
import { expect, it } from 'vitest'
import { instrument } from '../../../packages/instrument/src/index.js'
import { listen } from './servers.js'

/** A server and a transport by shape alone, so that what is looked at is seen. */
async function answering(result: unknown) {
  const transport = {
    onmessage: undefined as ((message: unknown) => void) | undefined,
    start: async () => {},
    send: async (_message: unknown) => {},
  }
  const server = {
    async connect(to: typeof transport) {
      to.onmessage = (message) => void to.send({ jsonrpc: '2.0', id: (message as { id: number }).id, result })
    },
  }
  await instrument(server).connect(transport)
  let id = 0
  return () =>
    transport.onmessage?.({
      jsonrpc: '2.0',
      id: ++id,
      method: 'tools/call',
      params: { name: 'rows', arguments: {} },
    })
}

/** What the last call was told to have given, bytes. */
async function toldSize(result: unknown, calls = 1): Promise<readonly number[]> {
  const call = await answering(result)
  const { of, stop } = listen()
  for (let i = 0; i < calls; i++) call()
  stop()
  return of('request.ended').map(({ responseBytes }) => responseBytes)
}

const rows = Array.from({ length: 420 }, (_, i) => ({ id: i, title: `row ${i} of it`, ok: i % 2 === 0, score: i / 7 }))
const text = (length: number) => [{ type: 'text', text: 'x'.repeat(length) }]

it.each([
  ['a text', { content: text(32_768) }],
  ['an image', { content: [{ type: 'image', data: 'A'.repeat(50_000), mimeType: 'image/png' }] }],
  ['rows', { content: text(10), structuredContent: { rows } }],
  ['prices', { content: text(10), structuredContent: { prices: Array.from({ length: 900 }, (_, i) => i + 0.25) } }],
  ['many lists', { content: text(10), structuredContent: { a: [rows.slice(0, 40), rows.slice(0, 40)] } }],
])('is within a fifth of its JSON, at every call: %s', async (_, result) => {
  const exact = JSON.stringify({ jsonrpc: '2.0', id: 1, result }).length
  for (const told of await toldSize(result, 130)) {
    expect(told).toBeGreaterThan(exact * 0.8)
    expect(told).toBeLessThan(exact * 1.2)
  }
})

it('looks at a long array as a whole in one call of 64', async () => {
  let looks = 0
  const counted = {
    get id() {
      looks++
      return 1
    },
  }
  const watched = rows.map((row, i) => (i === 100 ? counted : row))
  await toldSize({ content: [], structuredContent: { rows: watched } }, 640)
  expect(looks).toBe(10)
})
