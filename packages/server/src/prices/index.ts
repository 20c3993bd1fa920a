export type { PricesOptions } from './options.js'
export { createPrices, type Prices } from './prices.js'
