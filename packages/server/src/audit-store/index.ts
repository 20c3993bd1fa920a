export type { Place } from './protocol.js'
export {
  type AuditStoreSetup,
  type AuditStoreStats,
  openAuditStore,
  QUEUE_LIMIT_ROWS,
  shownPlace,
  type WatchedAuditStore,
} from './store.js'
