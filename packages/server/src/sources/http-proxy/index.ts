export type { ServerLoad } from './context.js'
export {
  createGateway,
  type Gateway,
  type GatewayConfig,
  type GatewaySetting,
  type GatewayStats,
} from './gateway.js'
export { type GatewayOptions, gatewayOptions } from './options.js'
