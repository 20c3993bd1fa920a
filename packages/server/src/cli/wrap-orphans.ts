import { type ChildMark, endOrphans, recordOwnChild } from '../children/index.js'
import type { DataDir } from '../datadir/index.js'

/**
 * Remembers the server of this wrap in the state directory, so that the next wrap or daemon ends it where this process is
 * killed and the server does not care for the end of its input. And does so for others that were killed. Returns the
 * forgetting. Never rejects, and holds nothing up.
 */
export function keepRecord(
  opened: Promise<DataDir | undefined>,
  pid: number | undefined,
  mark: ChildMark,
): () => Promise<void> {
  const kept = opened
    .then((dataDir) => {
      if (!dataDir) return
      void endOrphans(dataDir.wrappedDir).catch(() => {})
      return pid === undefined ? undefined : recordOwnChild(dataDir.wrappedDir, pid, mark)
    })
    .catch(() => undefined)
  return async () => {
    try {
      ;(await kept)?.()
    } catch {
      // It stays: the group is known by more than its number, so a record of what is gone ends nobody.
    }
  }
}
