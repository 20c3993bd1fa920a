export type { Check, CheckResult, Reason } from './check.js'
export { withOldTransport, withTransport } from './mcp/client-transports.js'
export type { ProviderEntry, ProviderType } from './options.js'
export { createProviders, type ProviderReport, type Providers } from './providers.js'
