export { backupDatabase } from './backup.js'
export type { CallRow, CallRows } from './call-slots.js'
export { DATABASE_FILE } from './file.js'
export type {
  HistoryComponent,
  HistoryDay,
  HistoryRows,
  HistoryTimes,
  IncidentPage,
  IncidentQuery,
  IncidentRow,
} from './history.js'
export { type StoreOptions, storeOptions } from './options.js'
export type { DatabaseStats } from './protocol.js'
export { DEFAULT_LIMIT, type EventQuery, MAX_LIMIT } from './query.js'
export type { RuleState, SampleBlock, SampleChanges, SampleSeries } from './samples.js'
export {
  type CallStore,
  type HistoryStore,
  openStore,
  type SampleStore,
  type Store,
  type StoreSetup,
  type StoreStats,
} from './store.js'
