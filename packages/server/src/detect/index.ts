export { createDetector, type Detector, type DetectorStats, type ToolFinding } from './detect.js'
export type { Finding, Severity, Signal, Stage } from './finding.js'
export type { AnomaliesOptions } from './options.js'
export { describe } from './words.js'
