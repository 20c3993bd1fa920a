import { z } from 'zod'

/** Most models with a price of their own. */
const MAX_PRICES = 1000

const usdPerMillion = z.number().min(0).max(1e6)

/** What tokens cost, before the list that comes along. */
export const pricesOptions = z
  .record(
    z
      .string()
      .min(1)
      .max(128)
      .meta({ description: 'Name of the model, as events have it', examples: ['gpt-5-mini'] }),
    z.strictObject({
      inputUsdPerMillion: usdPerMillion.meta({
        description: 'US dollars for a million tokens read.',
        examples: [0.25],
      }),
      outputUsdPerMillion: usdPerMillion.meta({
        description: 'US dollars for a million tokens written.',
        examples: [2],
      }),
    }),
  )
  .refine((all) => Object.keys(all).length <= MAX_PRICES, `has more than ${MAX_PRICES} models`)
  .default({})
  .meta({
    description:
      'Prices of models’ tokens, by the model’s name, for `usage` events that tell of tokens and of no money. They go before those of the list that comes along, `@pydantic/genai-prices`.',
    examples: [{ 'my-model': { inputUsdPerMillion: 0.25, outputUsdPerMillion: 2 } }],
  })

export type PricesOptions = z.infer<typeof pricesOptions>
