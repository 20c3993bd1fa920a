export { createHistoryBook, type HistoryBook, type IncidentList, type WatchedTimes } from './book.js'
export {
  type Deed,
  dayOf,
  type HistoryChanges,
  type HistoryDay,
  type HistoryKept,
  type Incident,
  type Watched,
} from './contract.js'
export { createHistory, type History } from './history.js'
export { bucketOf, MAX_BUCKETS, middleOf, type Percentiles } from './latencies.js'
export { incidentOf, keptOf, rowsOf } from './rows.js'
export {
  type CallsReport,
  type ComponentHistory,
  type DayReport,
  LATENCY_DAYS,
  summarize,
  uptimeOf,
} from './summary.js'
