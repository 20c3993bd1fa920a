export { type AuditSink, type AuditSinkSetup, createAuditSink, type RowLog } from './sink.js'
