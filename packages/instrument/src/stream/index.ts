export type { Entrance, Entry, Fold, Publish, Sink, Source } from './contracts.js'
export {
  createStream,
  LATE_AFTER_MS,
  type SinkStats,
  type Stream,
  type StreamOptions,
  type StreamStats,
} from './stream.js'
