export { type Json, type JsonObject, NotCanonical } from './canonical.js'
export { type Commitment, commit, type Opening, opens, SALT_BYTES } from './commitment.js'
export { AUDIT_EVENTS, type AuditEventType, isAuditEventType } from './event-types.js'
export { type Frontier, type FrontierBuilder, frontierLength, growFrontier, type TreeNode } from './frontier.js'
export { type Hash, isHash, leafHash, originHash } from './hashes.js'
export { isLogName } from './keys.js'
export {
  frontierAt,
  KEPT_LEVELS,
  proveConsistency,
  proveInclusion,
  type TreeSource,
  verifyConsistency,
  verifyInclusion,
} from './proofs.js'
export { type AuditRow, parseRow, ROW_VERSION } from './row.js'
export { beginLog, DAEMON_ORIGIN, DRAFT_LIMITS, seal } from './seal.js'
export type {
  ArchivedSegment,
  AuditFilter,
  AuditHead,
  AuditPage,
  AuditStore,
  CommitmentRef,
  Draft,
  Sealed,
  StoredRow,
} from './store-contract.js'
