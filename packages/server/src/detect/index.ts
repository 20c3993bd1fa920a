export { createDetector, type Detector, type DetectorStats, type ToolFinding } from './detect.js'
export { type Finding, type Severity, SIGNALS, type Signal, STAGES, type Stage } from './finding.js'
export { describe } from './words.js'
