import { type SpawnOptions, spawn } from 'node:child_process'

/** Waits for the end of its input, which comes with the end of whoever started it, by SIGKILL too. */
const SCRIPT = 'read -r _; kill -s KILL -- "-$1"'
/** Detached: what is sent to our own group does not reach it. */
const OPTIONS: SpawnOptions = { stdio: ['pipe', 'ignore', 'ignore'], detached: true, env: {} }

/**
 * Starts a shell that sends SIGKILL to the process group which `pid` leads, once this process is gone, however it went.
 * Returns what ends the shell: call it before the group's number may be somebody else's. Never throws; where the shell
 * cannot be started, and on Windows, nothing is guarded.
 */
export function guardGroup(pid: number): () => void {
  if (process.platform === 'win32') return () => {}
  try {
    const shell = spawn('/bin/sh', ['-c', SCRIPT, 'mcp-vitals', String(pid)], OPTIONS)
    shell.on('error', () => {}).unref()
    return () => void shell.kill('SIGKILL')
  } catch {
    return () => {}
  }
}
