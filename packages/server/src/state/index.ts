export {
  createPlugins,
  type PluginCondition,
  type PluginsFold,
  type PluginVitals,
  type QueueVitals,
  type Workload,
} from './plugins.js'
export { createProviderCalls, type ProviderCalls } from './provider-calls.js'
export {
  createVitals,
  type RecentCall,
  type ServerCondition,
  type ServerVitals,
  type Vitals,
  type VitalsFold,
} from './vitals.js'
