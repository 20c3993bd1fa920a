/** How often a log is signed: what no checkpoint covers yet could be rewritten unseen. */
export interface CheckpointTimes {
  /** New rows after which a checkpoint is due. */
  readonly everyRows: number
  /** Milliseconds after which it is due while there are new rows, and while there are none. */
  readonly everyMs: number
  readonly idleMs: number
}

/** Keeps the time of one log's checkpoints. Holds no timer and no clock. */
export interface CheckpointSchedule {
  /** Milliseconds from now until one is due, by the size of the log and a clock that never jumps; 0 when it is. */
  dueInMs(size: number, nowMs: number): number
  /** One was made. */
  made(size: number, nowMs: number): void
}

/** Starts with no checkpoint made: the first is due at once. */
export function createCheckpointSchedule({ everyRows, everyMs, idleMs }: CheckpointTimes): CheckpointSchedule {
  let last: { readonly size: number; readonly atMs: number } | undefined
  return {
    dueInMs(size, nowMs) {
      if (!last || size - last.size >= everyRows) return 0
      return Math.max(0, last.atMs + (size > last.size ? everyMs : idleMs) - nowMs)
    },
    made(size, nowMs) {
      last = { size, atMs: nowMs }
    },
  }
}
