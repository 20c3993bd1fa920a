import { type ChildExit, minimalEnvironment, startChild } from '../../children/index.js'
import { CheckFailure } from '../check.js'
import type { CommandOptions } from './options.js'

/** Well: exit status 0. When the time is over, the program and all that it started are killed. */
export function commandProbe({ command, args, env, cwd }: CommandOptions): (signal: AbortSignal) => Promise<void> {
  return async (signal) => {
    signal.throwIfAborted()
    const child = startChild({ command, args, cwd, env: minimalEnvironment(env), stderr: 'ignore' })
    const kill = () => child.kill('SIGKILL')
    signal.addEventListener('abort', kill, { once: true })
    child.stdin.end()
    child.stdout.resume()
    const exit = await child.exited
    signal.removeEventListener('abort', kill)
    if (exit.code !== 0) throw failureOfExit(exit)
  }
}

/** Why a program that ended is not well. */
export function failureOfExit({ code, signal, startFailure }: ChildExit): CheckFailure {
  if (startFailure !== undefined) return new CheckFailure(startFailure)
  return new CheckFailure('exit', signal ?? String(code))
}
