export { createLedger, type Ledger, type LedgerSetup } from './ledger.js'
export { type AuditSink, type AuditSinkSetup, createAuditSink, type RowLog } from './sink.js'
