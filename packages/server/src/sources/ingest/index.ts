export type { IncomingBatch, Rejected } from './batch.js'
export {
  createIngest,
  type Ingest,
  type IngestDependencies,
  type IngestStats,
  type IngestStore,
  type Taken,
} from './ingest.js'
