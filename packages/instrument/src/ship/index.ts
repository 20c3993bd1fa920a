export { type BatchLimits, firstLines, type Line, type Lines, linesUpTo, NO_LINES } from './lines.js'
export { outcomeOf, receiptOf } from './receipt.js'
export {
  createShipper,
  type Receipt,
  SHIP_LIMITS,
  type ShipLimits,
  type Shipper,
  type ShipperOptions,
  type ShipperStats,
} from './shipper.js'
export type { Spool } from './spool.js'
export { type Batch, BatchEncoder, type Sender } from './wire.js'
