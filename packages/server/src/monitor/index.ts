export type { ComponentMemory, Turn } from './component.js'
export {
  COLOURS,
  type Colour,
  type ComponentReport,
  type Pause,
  type Subject,
  type SystemReport,
  type Traffic,
} from './contract.js'
export { type Beat, createHeartbeats, type Heartbeats } from './heartbeats.js'
export { decodeMemory, encodeMemory, type Kept } from './memory.js'
export { createMonitor, type Look, type Monitor } from './monitor.js'
export { type ComponentEntry, componentEntry, type MonitorOptions, serverOf } from './options.js'
export type { RemediationOptions, RemedyAction } from './remediation-options.js'
export {
  createRemedies,
  type Decision,
  type Remedies,
  type RemedyKind,
  type RemedyMemory,
  type RemedyRule,
} from './remedies.js'
export { junitOf, textOf } from './report.js'
export { labelsOf, type ServerToCheck, subjectsOf, targetsOf } from './subjects.js'
export { type TrafficWatch, watchTraffic } from './traffic.js'
export { duration, wordsOf } from './words.js'
