import { createRequire } from 'node:module'
import type { Event, EventOf } from '@mcp-vitals/instrument/event'
import type * as GenaiPrices from '@pydantic/genai-prices'
import type { PricesOptions } from './options.js'

/** Most pairs of provider and model whose entry in the list is remembered: names come from outside. The oldest goes. */
const MAX_KNOWN = 1000

/** What tokens cost. */
export interface Prices {
  /** The event with the money that its tokens cost, where it tells of none and a price is known; else as it is. */
  priced(event: Event): Event
  /** Events with tokens of which neither money nor a price was known. */
  readonly unpriced: number
}

type Usage = EventOf<'usage'>

/**
 * Knows prices by the model's name from `own`, then by provider and model from the list of `@pydantic/genai-prices`,
 * which lies in the package and is asked without a network. The list is loaded when it is first needed: 70 ms, 12 MB.
 */
export function createPrices(own: PricesOptions): Prices {
  const table = new Map(Object.entries(own))
  const list = createList()
  let unpriced = 0

  function costOf(usage: Usage): number | undefined {
    const { model, inputTokens = 0, outputTokens = 0 } = usage
    const price = model === undefined ? undefined : table.get(model)
    if (price) return (inputTokens * price.inputUsdPerMillion + outputTokens * price.outputUsdPerMillion) / 1e6
    return model === undefined ? undefined : list(usage.provider, model, inputTokens, outputTokens, usage.at)
  }

  return {
    priced(event) {
      if (event.type !== 'usage' || event.costUsd !== undefined) return event
      if ((event.inputTokens ?? 0) + (event.outputTokens ?? 0) === 0) return event
      const costUsd = costOf(event)
      if (costUsd !== undefined) return { ...event, costUsd }
      unpriced++
      return event
    },
    get unpriced() {
      return unpriced
    },
  }
}

/** The list, and for each pair that was asked for the one entry that it has: finding it costs more than all else. */
function createList() {
  let loaded: typeof GenaiPrices | undefined
  const known = new Map<string, GenaiPrices.Provider | undefined>()

  /** The provider with this one model; undefined where the list has none. */
  function entryOf(provider: string, model: string): GenaiPrices.Provider | undefined {
    const key = JSON.stringify([provider, model])
    if (known.has(key)) return known.get(key)
    // Its CommonJS build alone can be loaded between two events, so that no event waits for a price.
    loaded ??= createRequire(import.meta.url)('@pydantic/genai-prices') as typeof GenaiPrices
    known.set(key, undefined)
    if (known.size > MAX_KNOWN) known.delete(known.keys().next().value as string)
    const found = loaded.calcPrice({ output_tokens: 1 }, model, { providerId: provider })
    const entry = found ? { ...found.provider, models: [found.model] } : undefined
    known.set(key, entry)
    return entry
  }

  return (provider: string, model: string, inputTokens: number, outputTokens: number, at: number) => {
    try {
      const entry = entryOf(provider, model)
      if (!entry) return undefined
      const usage = { input_tokens: inputTokens, output_tokens: outputTokens }
      const options = { provider: entry, providerId: provider, timestamp: new Date(at) }
      return loaded?.calcPrice(usage, model, options)?.total_price
    } catch {
      // It throws where a model is not sold by the token.
      return undefined
    }
  }
}
