import { createRequire } from 'node:module'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Event, EventOf } from '../../../packages/instrument/src/event/index.js'
import { createPrices } from '../../../packages/server/src/prices/index.js'
import { pricesOptions } from '../../../packages/server/src/prices/options.js'

const { calcPrice } = createRequire(import.meta.url)(
  '@pydantic/genai-prices',
) as typeof import('@pydantic/genai-prices')
const AT = Date.UTC(2026, 10, 29, 12)
const MILLION = 1_000_000

const usage = (more: Partial<EventOf<'usage'>>): EventOf<'usage'> => ({
  ...{ v: 1, type: 'usage', at: AT, server: 'llm', provider: 'openai', estimated: false },
  ...more,
})
const open = (own = {}) => createPrices(pricesOptions.parse(own))
const costOf = (event: Event) => (event.type === 'usage' ? event.costUsd : undefined)

describe('tokens without money', () => {
  test('cost what the configuration says of their model, before the list', () => {
    const prices = open({ 'gpt-5-mini': { inputUsdPerMillion: 40, outputUsdPerMillion: 80 } })
    const event = usage({ model: 'gpt-5-mini', inputTokens: MILLION / 2, outputTokens: MILLION / 4 })
    expect(prices.priced(event)).toEqual({ ...event, costUsd: 40 })
  })

  test('cost what the list says of their provider and model', () => {
    const names = [
      ['openai', 'gpt-5-mini'],
      ['OpenAI', 'gpt-5-mini-2025-08-07'],
      ['anthropic', 'claude-sonnet-4-5'],
      ['google', 'gemini-2.5-pro'],
      ['litellm', 'openai/gpt-4o'],
      ['deepseek', 'deepseek-chat'],
    ] as const
    const prices = open()
    const tokens = fc.nat(2 * MILLION)
    fc.assert(
      fc.property(fc.constantFrom(...names), tokens, tokens, fc.nat(86_400_000), (name, input, output, ms) => {
        const [provider, model] = name
        const event = usage({ provider, model, inputTokens: input, outputTokens: output, at: AT + ms })
        const listed = calcPrice({ input_tokens: input, output_tokens: output }, model, {
          ...{ providerId: provider, timestamp: new Date(event.at) },
        })
        if (input + output > 0) expect(costOf(prices.priced(event))).toBe(listed?.total_price)
        if (input + output > 0) expect(listed?.total_price).toBeGreaterThan(0)
      }),
      { seed: 20261129, numRuns: 200 },
    )
    expect(prices.unpriced).toBe(0)
  })

  test('have no cost where nobody knows a price, which is counted', () => {
    const prices = open()
    const tokens = { inputTokens: 100, outputTokens: 10 }
    const unknown = [
      usage(tokens),
      usage({ model: 'no-such-model', ...tokens }),
      usage({ provider: 'my-own-machine', model: 'gpt-5-mini', ...tokens }),
      usage({ provider: '__proto__', model: 'constructor', ...tokens }),
      usage({ provider: '', model: ' '.repeat(128), ...tokens }),
    ]
    for (const event of unknown) expect(prices.priced(event)).toBe(event)
    expect(prices.priced(unknown[1] as Event)).toBe(unknown[1])
    expect(prices.unpriced).toBe(unknown.length + 1)
  })
})

test('money that is told, events without tokens, and others than usage stay as they are', () => {
  const prices = open()
  const left: readonly Event[] = [
    usage({ model: 'gpt-5-mini', inputTokens: MILLION, costUsd: 0 }),
    usage({ model: 'gpt-5-mini' }),
    { ...{ v: 1, type: 'limit', at: AT, server: 's' }, ...{ limitType: 'agent', layer: 'mcp' } },
  ]
  for (const event of left) expect(prices.priced(event)).toBe(event)
  expect(prices.unpriced).toBe(0)
})
