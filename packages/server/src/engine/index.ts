export { type Engine, type EngineSetup, type EngineStats, openEngine } from './engine.js'
export type { Answer, Finding, QueryOptions, When } from './protocol.js'
export type { TargetState } from './sampler.js'
