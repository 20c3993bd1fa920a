export type { Host, HostedEntry, ServedEntry, ServerLoad } from './context.js'
export type { Door } from './door.js'
export {
  createGateway,
  type Gateway,
  type GatewayConfig,
  type GatewaySetting,
  type GatewayStats,
} from './gateway.js'
export { type GatewayOptions, gatewayOptions } from './options.js'
export { asksFront } from './paths.js'
