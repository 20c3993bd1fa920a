/** Port of the metrics server where neither the program nor `METRICS_PORT` names one. */
export const DEFAULT_METRICS_PORT = 9090
/** Where the metrics server listens: this machine alone, unless it is told otherwise. */
export const DEFAULT_METRICS_HOST = '127.0.0.1'
/** Pauses before a metrics server that died, or found its port taken, tries again, milliseconds: the first, the longest. */
export const RETRY_MS = { first: 1000, longest: 30_000 } as const
/** Most connections to the metrics server at once. */
export const MAX_CONNECTIONS = 64

/**
 * What waits for a daemon that is away: a minute and more of 300 calls a second, each of two events. Beyond it the oldest
 * are dropped, and counted.
 */
export const SHIP_DEFAULTS = { memoryEvents: 50_000, memoryBytes: 12 * 1024 * 1024, maxBackoffMs: 5_000 } as const
/** Longest answer of the daemon that is read, bytes. */
export const MAX_ANSWER_BYTES = 1024 * 1024
/** How long the daemon may take to answer, milliseconds. */
export const POST_TIMEOUT_MS = 10_000
