/** Bounds of the disk spool. Constants, since a wrap takes no configuration file. */
export const SPOOL_LIMITS = {
  /** Most bytes of one stream; beyond it the oldest segment goes, counted. */
  streamBytes: 64 * 1024 * 1024,
  /** A segment (one file) that has grown to so many bytes gets a successor. */
  segmentBytes: 4 * 1024 * 1024,
  /** Most bytes of all streams together that dead processes may leave; beyond it the oldest files go. */
  directoryBytes: 256 * 1024 * 1024,
} as const

/** Overridable in tests. */
export type SpoolLimits = { readonly [K in keyof typeof SPOOL_LIMITS]: number }
