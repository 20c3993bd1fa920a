import type { ChildProcess } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'

/** How often a group is looked at while it is waited for. Milliseconds. */
const POLL_MS = 20

/** A child and everything it started and did not cut loose. On Windows, which has no process groups, the child alone. */
export interface ProcessGroup {
  /** False where nobody is left to get it. */
  signal(signal: NodeJS.Signals | 0): boolean
  /** True once nobody is left; false when somebody still is after `timeoutMs`. */
  gone(timeoutMs: number): Promise<boolean>
}

/** The group that `child`, started as `detached`, leads. */
export function processGroup(child: ChildProcess): ProcessGroup {
  const { pid } = child
  let empty = pid === undefined

  function signal(signal: NodeJS.Signals | 0): boolean {
    if (empty) return false
    if (process.platform === 'win32') return child.exitCode === null && child.signalCode === null && child.kill(signal)
    try {
      process.kill(-pid!, signal)
      return true
    } catch (error) {
      // EPERM: a member changed its user. It exists, and is beyond us.
      if ((error as NodeJS.ErrnoException).code === 'EPERM') return true
      // Never again: the number may soon name somebody else's group.
      empty = true
      return false
    }
  }

  async function gone(timeoutMs: number): Promise<boolean> {
    const deadline = performance.now() + timeoutMs
    while (signal(0)) {
      if (performance.now() >= deadline) return false
      await delay(POLL_MS)
    }
    return true
  }

  return { signal, gone }
}
