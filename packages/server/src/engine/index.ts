export { type Engine, type EngineSetup, type EngineStats, openEngine } from './engine.js'
export { exemplarsOf, type FoundExemplar } from './exemplars.js'
export type { Answer, Finding, GroupStatus, QueryOptions, TimedGroup, When } from './protocol.js'
export type { TargetState } from './sampler.js'
