import { join } from 'node:path'
import { type DataDir, readPrivately, replacePrivately } from '../datadir/index.js'
import type { ComponentMemory } from '../monitor/index.js'
import type { Terminal } from './terminal.js'

/** What one run leaves to the next: `check --once` out of cron counts failures all the same. */
interface Kept {
  readonly components: Readonly<Record<string, ComponentMemory>>
  /** Components whose trouble was told of, and since when they have it, milliseconds since 1970. */
  readonly told: Readonly<Record<string, number>>
}

export interface CheckMemory extends Kept {
  /** Never rejects: a check that cannot be remembered was made all the same, and a line says so. */
  keep(kept: Kept): Promise<void>
}

const VERSION = 1

/** Reads what the run before left in the state directory. What cannot be read is as if it were the first run. */
export async function openCheckMemory(dataDir: DataDir | undefined, { err }: Terminal): Promise<CheckMemory> {
  if (dataDir === undefined) return { components: {}, told: {}, keep: async () => {} }
  const file = join(dataDir.path, 'check.json')
  const { components, told } = parsed(await readPrivately(file).catch(() => undefined))
  return {
    components,
    told,
    async keep(kept) {
      await replacePrivately(file, `${JSON.stringify({ version: VERSION, ...kept })}\n`).catch((error: Error) =>
        err.write(`note: the next run will not know of this one: ${error.message}\n`),
      )
    },
  }
}

function parsed(text: string | undefined): Kept {
  try {
    const { version, components, told } = JSON.parse(text ?? '{}') as Partial<Kept> & { readonly version?: number }
    if (version === VERSION && components !== undefined && told !== undefined) return { components, told }
  } catch {
    // Half a file, or somebody's hand.
  }
  return { components: {}, told: {} }
}
