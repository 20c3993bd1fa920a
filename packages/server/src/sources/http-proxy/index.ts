export { createGateway, type Gateway, type GatewayConfig, type GatewayStats } from './gateway.js'
export { type GatewayOptions, gatewayOptions } from './options.js'
