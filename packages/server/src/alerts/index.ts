export type {
  AlertRecord,
  AlertState,
  AlertView,
  Change,
  Condition,
  Evidence,
  HistoryEntry,
  Labels,
  MessageRecord,
  Notification,
  Policy,
  Pulse,
  Reason,
  Report,
  Severity,
  Silence,
  Step,
  Table,
} from './contract.js'
export { SEVERITIES } from './contract.js'
export { AlertEngine, type AlertsPage, type AlertsQuery, type EngineSetup, MAX_SILENCES, type Shown } from './engine.js'
export { fingerprintOf, hashOf } from './fingerprint.js'
export type { ChannelTraits } from './groups.js'
export type { Limit } from './limiter.js'
export { compileMatchers, parseMatcher } from './matchers.js'
export type { AlertsOptions, InhibitOptions, QuietTimes, RouteOptions } from './options.js'
export type { OutboxLimits, Outcome } from './outbox.js'
export { ADMIN_CHANNEL, createRouter, groupOf, LOG_CHANNEL, type Route, type Router } from './routes.js'
export { severityOf } from './severity.js'
export { compileTimes, isZone, type TimeRange, type Times } from './times.js'
export { createTriggers, type Triggers } from './triggers.js'
export { MOST_ALERTS, viewOf } from './view.js'
export { compileMaintenance } from './windows.js'
