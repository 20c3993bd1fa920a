/**
 * What reading costs: the skimmer beside JSON.parse of the same bytes, decoding included. Prints medians of
 * interleaved runs. `node bench/reader.mjs`
 */

import { createConversation, createServerMemory } from '../packages/instrument/dist/mcp/index.js'
import { Skimmer } from '../packages/instrument/dist/mcp/skim.js'

const ROUNDS = 9
const decoder = new TextDecoder()
const encode = (value) => new TextEncoder().encode(JSON.stringify(value))
const median = (numbers) => numbers.sort((a, b) => a - b)[numbers.length >> 1]

const call = (id, args) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name: 'read_text_file', arguments: args },
})
const tool = (i) => ({
  name: `tool_${i}`,
  description: 'Reads a thing and gives it back. '.repeat(8),
  inputSchema: {
    type: 'object',
    properties: { path: { type: 'string' }, head: { type: 'number' } },
    required: ['path'],
  },
})
const CASES = {
  'call of 200 bytes': encode(
    call(12345, {
      path: '/srv/data/reports/2026/october/summary-of-the-month.txt',
      head: 10,
      flag: true,
      note: 'n'.repeat(26),
    }),
  ),
  'tools/list of 30 tools': encode({
    jsonrpc: '2.0',
    id: 1,
    result: { tools: Array.from({ length: 30 }, (_, i) => tool(i)) },
  }),
  'structured result of 32 KB': encode({
    jsonrpc: '2.0',
    id: 1,
    result: {
      structuredContent: Array.from({ length: 600 }, (_, i) => ({
        id: i,
        title: `row ${i}`,
        ok: i % 2 === 0,
        score: i / 7,
      })),
    },
  }),
  'text result of 1 MB': encode({
    jsonrpc: '2.0',
    id: 1,
    result: { content: [{ type: 'text', text: 'x'.repeat(1e6) }] },
  }),
  'escaped text of 1 MB': encode({
    jsonrpc: '2.0',
    id: 1,
    result: { content: [{ type: 'text', text: 'line of a text file\n'.repeat(5e4) }] },
  }),
}

function timeMs(times, run) {
  const from = performance.now()
  for (let i = 0; i < times; i++) run()
  return performance.now() - from
}

console.log('document                        bytes   skimmer µs    MB/s   JSON.parse µs    MB/s')
for (const [name, bytes] of Object.entries(CASES)) {
  let heads = 0
  const skimmer = new Skimmer(() => heads++)
  const skim = () => {
    skimmer.feed(bytes)
    skimmer.finish()
  }
  const parse = () => JSON.parse(decoder.decode(bytes))
  const times = Math.max(20, Math.floor(8e6 / bytes.length))
  timeMs(times, skim)
  timeMs(times, parse)
  const results = { skim: [], parse: [] }
  for (let round = 0; round < ROUNDS; round++) {
    results.skim.push((timeMs(times, skim) * 1000) / times)
    results.parse.push((timeMs(times, parse) * 1000) / times)
  }
  const row = [median(results.skim), median(results.parse)].map(
    (us) => `${us.toFixed(2).padStart(11)} ${(bytes.length / us).toFixed(0).padStart(7)}`,
  )
  console.log(`${name.padEnd(28)} ${String(bytes.length).padStart(8)}  ${row.join('     ')}`)
}

let events = 0
const conversation = createConversation({
  origin: { server: 'bench', session: 'one', transport: 'stdio' },
  publish: () => events++,
  now: Date.now,
  clock: () => performance.now(),
  server: createServerMemory(),
})
const up = conversation.lines('client_to_server')
const down = conversation.lines('server_to_client')
const line = (value) => Buffer.from(`${JSON.stringify(value)}\n`)
const asked = line(call(1, { path: '/srv/data' }))
const answered = line({ jsonrpc: '2.0', id: 1, result: { content: [{ type: 'text', text: 'hello' }] } })
const roundTrip = () => {
  up.feed(asked)
  down.feed(answered)
}
timeMs(50_000, roundTrip)
const costs = Array.from({ length: ROUNDS }, () => (timeMs(20_000, roundTrip) * 1000) / 20_000)
console.log(`a whole call through a conversation (2 messages, 2 events): ${median(costs).toFixed(2)} µs`)
