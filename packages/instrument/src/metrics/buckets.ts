/**
 * OpenTelemetry's buckets for MCP operations (0.01 s to 300 s), with three below them: a call to a local server is
 * often over in a millisecond. They hold the bounds 1 s and 5 s, where alerts look.
 */
export const DURATION_BUCKETS_SECONDS = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300,
] as const
/** OpenTelemetry's own, for its own names. */
export const OTEL_BUCKETS_SECONDS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300] as const
/** From a second to a day. */
export const SESSION_BUCKETS_SECONDS = [1, 10, 60, 300, 900, 1800, 3600, 14_400, 28_800, 86_400] as const
/** Powers of four from 256 B to 16 MiB: the SDKs refuse bodies beyond 4 and 10 MB. */
export const SIZE_BUCKETS_BYTES = [256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216] as const
/** Powers of four from 16 to a million: the windows of models end between. */
export const TOKEN_BUCKETS = [16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576] as const
