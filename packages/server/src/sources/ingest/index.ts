export type { IncomingBatch, IncomingPost, Rejected, RejectReason } from './batch.js'
export {
  createIngest,
  type Ingest,
  type IngestDependencies,
  type IngestStats,
  type IngestStore,
  type Taken,
} from './ingest.js'
export { answerSchema, batchSchema } from './schema.js'
export type { RefusalReason } from './tally.js'
