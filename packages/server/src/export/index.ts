export type { ExportFile, ExportTarget, Subject } from './contract.js'
export { filesOf } from './files.js'
export { EXPORT_TARGETS } from './registry.js'
export { subjectOf } from './subject.js'
