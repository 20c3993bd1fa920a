export {
  createShipper,
  type Receipt,
  SHIP_LIMITS,
  type ShipLimits,
  type Shipper,
  type ShipperOptions,
  type ShipperStats,
} from './shipper.js'
export type { BatchLimits, Spool } from './spool.js'
export { type Batch, encodeBatch, encodeLine, type Line, type Sender } from './wire.js'
