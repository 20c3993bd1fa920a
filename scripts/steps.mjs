import { spawn } from 'node:child_process'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository's root: every command of these scripts runs there, wherever it was called from. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))

/** How often a long step says that it is still at work, where no terminal shows a running clock. */
const STILL_AT_WORK_MS = 15_000

/** Seconds since `startedAt` (epoch ms), as people read them. */
export function elapsed(startedAt) {
  const seconds = (Date.now() - startedAt) / 1000
  return seconds < 60 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`
}

/**
 * Runs one quiet command under a name, shows for how long it has been running, and prints its output only when it
 * failed. Progress goes to stderr: stdout stays the program's own.
 *
 * @returns whether the command ended with status 0
 */
export async function step(name, command, args, { env = process.env, cwd = ROOT } = {}) {
  const startedAt = Date.now()
  const clock = showClock(name, startedAt)
  const { status, output } = await capture(command, args, { env, cwd })
  clearInterval(clock)
  process.stderr.write(
    `${process.stderr.isTTY ? '\r\x1b[K' : ''}${status === 0 ? 'ok  ' : 'FAIL'} ${name} (${elapsed(startedAt)})\n`,
  )
  if (status !== 0) process.stderr.write(output.endsWith('\n') ? output : `${output}\n`)
  return status === 0
}

function showClock(name, startedAt) {
  const { isTTY } = process.stderr
  process.stderr.write(isTTY ? `     ${name} …` : `     ${name} …\n`)
  return setInterval(
    () =>
      process.stderr.write(isTTY ? `\r     ${name} … ${elapsed(startedAt)}` : `     ${name} … ${elapsed(startedAt)}\n`),
    isTTY ? 1000 : STILL_AT_WORK_MS,
  )
}

/** Runs a command to its end without input. @returns its exit status (1 for a signal or a failed start) and all output */
export function capture(command, args, { env = process.env, cwd = ROOT } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    const keep = (chunk) => {
      output += chunk
    }
    child.stdout.setEncoding('utf8').on('data', keep)
    child.stderr.setEncoding('utf8').on('data', keep)
    child.on('error', (error) => resolve({ status: 1, output: `${output}${error.message}\n` }))
    child.on('close', (status) => resolve({ status: status ?? 1, output }))
  })
}

/**
 * Runs a command in the foreground: its input, output and signals are ours.
 *
 * @returns its exit status; 128 + the signal's number when a signal ended it, as a shell says it
 */
export function foreground(command, args, { env = process.env } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { env, cwd: ROOT, stdio: 'inherit' })
    const pass = (signal) => child.kill(signal)
    const signals = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 }
    // A terminal sends Ctrl-C to the whole group, so the child has it already; a second one would look like impatience.
    process.on('SIGINT', () => process.stdin.isTTY || pass('SIGINT'))
    process.on('SIGTERM', pass)
    process.on('SIGHUP', pass)
    child.on('error', (error) => {
      process.stderr.write(`${error.message}\n`)
      resolve(1)
    })
    child.on('close', (status, signal) => resolve(status ?? 128 + (signals[signal] ?? 9)))
  })
}
