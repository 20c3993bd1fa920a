import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Event } from '../../packages/instrument/src/event/index.js'
import { createConversation, createServerMemory } from '../../packages/instrument/src/mcp/index.js'
import { createDerivations, type Derivation } from '../../packages/server/src/derive/index.js'

const TOOLS = ['send_a', 'send_b', 'ask', 'none'] as const
const CHANNELS = ['sms', 'voice', 'x', 'y', 'z', undefined] as const
const DERIVATIONS: readonly Derivation[] = [
  { tool: 'send_*', event: 'message', channel: { argument: 'to.channel', values: ['sms', 'voice'] } },
  { tool: '*_a', on: 'any', event: 'webhook', kind: { argument: 'to.channel', maxValues: 2, default: 'none' } },
  { tool: 'ask', event: 'usage', provider: 'p', inputTokens: { result: 'used' } },
]

interface Call {
  readonly tool: (typeof TOOLS)[number]
  readonly channel: string | undefined
  /** Tokens used, of any type. */
  readonly used: unknown
  readonly end: 'result' | 'isError' | 'error' | 'never'
  readonly namedLast: boolean
}

const call: fc.Arbitrary<Call> = fc.record({
  tool: fc.constantFrom(...TOOLS),
  channel: fc.constantFrom(...CHANNELS),
  used: fc.oneof(fc.nat(), fc.constantFrom(undefined, null, '7', 0.5, -1, true, [3], { in: 3 })),
  end: fc.constantFrom('result', 'result', 'isError', 'error', 'never'),
  namedLast: fc.boolean(),
})

/** What should come of the calls, said plainly, in the order of their ends. */
function model(ended: readonly Call[]): string[] {
  const kinds = new Set<string>()
  const said: string[] = []
  for (const { tool, channel, used, end } of ended) {
    const ok = end === 'result'
    if (ok && tool.startsWith('send_')) {
      if (channel === undefined) said.push('message channel missing')
      else said.push(`message ${['sms', 'voice'].includes(channel) ? channel : 'other'}`)
    }
    if (tool === 'send_a') {
      if (channel !== undefined && kinds.size < 2) kinds.add(channel)
      said.push(`webhook ${channel === undefined ? 'none' : kinds.has(channel) ? channel : 'other'}`)
    }
    if (ok && tool === 'ask') {
      const absent = used === undefined || used === null || typeof used === 'object'
      const whole = typeof used === 'number' && Number.isInteger(used) && used >= 0
      said.push(absent ? 'usage inputTokens missing' : whole ? `usage ${used}` : 'usage inputTokens invalid')
    }
  }
  return said
}

function said(events: readonly Event[]): string[] {
  return events.flatMap((event) => {
    if (event.type === 'message') return [`message ${event.channel}`]
    if (event.type === 'webhook') return [`webhook ${event.kind}`]
    if (event.type === 'usage') return [`usage ${event.inputTokens}`]
    return event.type === 'derivation' ? [`${event.event} ${event.field} ${event.result}`] : []
  })
}

function request({ tool, channel, namedLast }: Call, id: number): string {
  const given = JSON.stringify({ note: 'secret', to: { card: 'secret', ...(channel !== undefined && { channel }) } })
  const parts = [`"name":"${tool}"`, `"arguments":${given}`]
  const params = `{${(namedLast ? parts.reverse() : parts).join(',')}}`
  return `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":${params}}\n`
}

function answer({ used, end }: Call, id: number): string {
  const error = { code: -32603, message: 'secret' }
  const result = { structuredContent: { used, text: 'secret' }, ...(end === 'isError' && { isError: true }) }
  return `${JSON.stringify({ jsonrpc: '2.0', id, ...(end === 'error' ? { error } : { result }) })}\n`
}

test('what is derived equals a plain model, whatever calls come in whatever order and pieces', () => {
  fc.assert(
    fc.property(
      fc.array(call, { maxLength: 40 }),
      fc.infiniteStream(fc.nat()),
      fc.array(fc.integer({ min: 1, max: 80 }), { minLength: 1 }),
      (calls, order, sizes) => {
        const events: Event[] = []
        const conversation = createConversation({
          origin: { server: 's' },
          publish: (event) => events.push(event),
          now: () => 1e12,
          clock: () => 0,
          server: createServerMemory({}, createDerivations(DERIVATIONS).rulesOf('s')),
        })
        const up = conversation.lines('client_to_server')
        const down = conversation.lines('server_to_client')
        let turn = 0
        const feed = (reader: typeof up, text: string) => {
          for (let bytes = Buffer.from(text); bytes.length > 0; ) {
            const size = sizes[turn++ % sizes.length]!
            reader.feed(bytes.subarray(0, size))
            bytes = bytes.subarray(size)
          }
        }
        for (const [id, one] of calls.entries()) feed(up, request(one, id))
        const waiting = [...calls.entries()].filter(([, { end }]) => end !== 'never')
        const ended: Call[] = []
        for (const pick of order) {
          const [next] = waiting.splice(pick % Math.max(1, waiting.length), 1)
          if (!next) break
          feed(down, answer(next[1], next[0]))
          ended.push(next[1])
        }
        conversation.close('process_exit', 'server')
        ended.push(...calls.filter(({ end }) => end === 'never'))
        expect(said(events)).toEqual(model(ended))
        expect(JSON.stringify(events)).not.toContain('secret')
      },
    ),
    { numRuns: 1000 },
  )
})
