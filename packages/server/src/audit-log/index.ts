export { keyFiles, type LogKeys, makeKey, openKeys, readTrusted } from './keys.js'
export { AUDIT_FILE, type AuditLog, type AuditReadings, openAuditLog, placeOf } from './log.js'
export type { AuditOptions } from './options.js'
export { type Asked, findRows, proofOf, rowAt, type ShownRow, showRow } from './query.js'
