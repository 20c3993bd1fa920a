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
    await createProgram(() => ({ terminal, finish })).parseAsync(args, { from: 'user' })
  } catch (error) {
    status = report(error, terminal)
  }
  await terminal.flushed()
  return status
}
