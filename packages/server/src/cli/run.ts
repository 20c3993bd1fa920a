import { createProgram } from './program.js'
import { report, STATUS } from './report.js'
import type { Terminal } from './terminal.js'

/** Runs one command line (without program names) and resolves to its exit status. Prints errors; never rejects. */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  let status: number = STATUS.ok
  try {
    const finish = (found: number) => {
      status = found
    }
    const { own, wrapped } = splitArguments(args)
    await createProgram(() => ({ terminal, wrapped, finish })).parseAsync(own, { from: 'user' })
  } catch (error) {
    status = report(error, terminal)
  }
  await terminal.flushed()
  return status
}

/** Commands that take another program’s command line after `--`. */
const RUNNING: ReadonlySet<string | undefined> = new Set(['wrap', 'check', 'doctor'])

/** Cuts what such a command runs off at the first `--`, so that no option of ours is ever read out of another program’s arguments. */
function splitArguments(args: readonly string[]): {
  readonly own: readonly string[]
  readonly wrapped: readonly string[]
} {
  const end = RUNNING.has(args[0]) ? args.indexOf('--') : -1
  return end < 0 ? { own: args, wrapped: [] } : { own: args.slice(0, end), wrapped: args.slice(end + 1) }
}
