export { checkProof, formatProof, MAX_PROOF_CHARS, type ProofVerdict, type RowProof } from './bundle.js'
export { type Json, type JsonObject, NotCanonical } from './canonical.js'
export { type Checkpoint, openCheckpoint, signCheckpoint } from './checkpoint.js'
export { type Commitment, commit, type Opening, opens, SALT_BYTES } from './commitment.js'
export { AUDIT_EVENTS, type AuditEventType, isAuditEventType } from './event-types.js'
export { AUDIT_FAULTS, type AuditFault } from './faults.js'
export {
  type FoundFile,
  isHead,
  oneAfterTheOther,
  readLeavesFile,
  readRowsFile,
  writeLeavesFile,
  writeRowsFile,
} from './files.js'
export {
  type Frontier,
  type FrontierBuilder,
  frontierLength,
  frontierRoot,
  growFrontier,
  type TreeNode,
} from './frontier.js'
export { type Hash, isHash, leafHash, originHash } from './hashes.js'
export {
  createSigner,
  generateSigningKey,
  isLogName,
  parseVerifierKey,
  parseWitnessKey,
  readSigningKey,
  readWitnessKey,
  type Signer,
  type VerifierKey,
} from './keys.js'
export { joinNotes, openNote, splitNotes } from './note.js'
export {
  frontierAt,
  KEPT_LEVELS,
  proveConsistency,
  proveInclusion,
  type TreeSource,
  verifyConsistency,
  verifyInclusion,
} from './proofs.js'
export { type AuditRow, idIn, parseRow, ROW_VERSION, type RowText, readSeam, readText, type Seam } from './row.js'
export { type CheckpointSchedule, type CheckpointTimes, createCheckpointSchedule } from './schedule.js'
export { beginLog, DAEMON_ORIGIN, DRAFT_LIMITS, draftText, seal, sealTexts } from './seal.js'
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
export {
  type Evidence,
  MAX_UNSIGNED_ROWS,
  type Progress,
  type Verdict,
  type VerifyOptions,
  type VerifySetup,
  verifyLog,
} from './verification.js'
export {
  formatSubmission,
  judgeSubmission,
  logOfSubmission,
  MAX_SUBMISSION_BYTES,
  type WitnessAnswer,
  type Witnessed,
} from './witness.js'
