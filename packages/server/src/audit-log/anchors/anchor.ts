import type { TreeSource } from '../../audit/index.js'

/** A checkpoint on its way out. */
export interface Kept {
  /** Rows that it covers. */
  readonly size: number
  /** The signed note. */
  readonly note: string
}

/** A place elsewhere that keeps checkpoints, out of reach of whoever owns the log. */
export interface Anchor {
  /** Its name in the configuration. */
  readonly name: string
  /** Shortest time between two checkpoints that it gets. Milliseconds. */
  readonly everyMs: number
  /**
   * Keeps a checkpoint. Resolves when it is kept for good: to signature lines of its own, where it gives any. `tree`: the
   * log's. Rejects with why not, in words without secrets.
   */
  keep(kept: Kept, tree: TreeSource): Promise<string | undefined>
}
