import { join } from 'node:path'
import { type DataDir, readPrivately, replacePrivately } from '../datadir/index.js'
import { decodeMemory, encodeMemory, type Kept } from '../monitor/index.js'
import type { Terminal } from './terminal.js'

/** What one run leaves to the next: `check --once` out of cron counts failures all the same. */
export interface CheckMemory extends Kept {
  /** Never rejects: a check that cannot be remembered was made all the same, and a line says so. */
  keep(kept: Kept): Promise<void>
}

/** Reads what the run before left in the state directory as `name`; where there is none, nothing is remembered. */
export async function openCheckMemory(
  dataDir: DataDir | undefined,
  name: string,
  terminal: Terminal,
): Promise<CheckMemory> {
  if (dataDir === undefined) return { ...decodeMemory(undefined), keep: async () => {} }
  const file = join(dataDir.path, name)
  return {
    ...decodeMemory(await readPrivately(file).catch(() => undefined)),
    async keep(kept) {
      await replacePrivately(file, encodeMemory(kept)).catch((error: Error) => noteUnkept(terminal, error))
    },
  }
}

/** Says that nothing can be remembered: who waits for the third failure of runs out of cron waits in vain. */
export function noteUnkept({ err }: Terminal, error: Error): void {
  err.write(`note: the next run will not know of this one: ${error.message}\n`)
}
