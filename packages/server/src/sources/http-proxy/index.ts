export {
  createGateway,
  type Gateway,
  type GatewayConfig,
  type GatewaySetting,
  type GatewayStats,
  type ServerLoad,
} from './gateway.js'
export { type GatewayOptions, gatewayOptions } from './options.js'
