export type { ProviderEntry, ProviderType } from './options.js'
export { createProviders, type ProviderReport, type Providers } from './providers.js'
