export { shownPlace } from './place.js'
export type { Place } from './protocol.js'
export { type AuditReader, openAuditReader } from './reader.js'
export {
  type AuditStoreSetup,
  type AuditStoreStats,
  openAuditStore,
  QUEUE_LIMIT_ROWS,
  type WatchedAuditStore,
} from './store.js'
