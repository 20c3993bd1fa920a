import { execFile } from 'node:child_process'
import type { Backend } from './contract.js'

/** How long checking a log may take, milliseconds: hundreds of millions of rows. */
const TIMEOUT_MS = 3_600_000

/**
 * Checks the audit log by our own command, `mcp-vitals audit verify`, in a process of its own: nothing here waits for it. Who
 * asks while one runs is told what that one finds.
 */
export function createVerifier(command: string, flags: readonly string[]): Backend['verifyAudit'] {
  let running: ReturnType<Backend['verifyAudit']> | undefined
  return () => {
    running ??= verify(command, flags).finally(() => {
      running = undefined
    })
    return running
  }
}

function verify(command: string, flags: readonly string[]): ReturnType<Backend['verifyAudit']> {
  const args = [command, 'audit', 'verify', ...flags]
  return new Promise((resolve) =>
    execFile(process.execPath, args, { timeout: TIMEOUT_MS }, (error, out, err) =>
      resolve({ holds: error === null, said: `${out}${err}`.trim() }),
    ),
  )
}
