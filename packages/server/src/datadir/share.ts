import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode, replaceFile } from './files.js'
import { defaultDataDir } from './path.js'

/** What a daemon leaves in its state directory for the wraps on its machine. */
export type SharedName = 'derivations' | 'commitments'

/** Leaves a text in `<dir>/<name>.json`, mode 0600, until it is replaced; `undefined` takes it away. */
export async function shareText(dir: string, name: SharedName, text: string | undefined): Promise<void> {
  const file = fileOf(dir, name)
  if (text === undefined) await rm(file, { force: true })
  else await replaceFile(file, text)
}

/**
 * What the last daemon of this state directory left under this name; `undefined` where there is none. At once: a wrap
 * needs it before the first byte passes.
 */
export function readShared(name: SharedName, dir: string = defaultDataDir()): string | undefined {
  try {
    return readFileSync(fileOf(dir, name), 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

function fileOf(dir: string, name: SharedName): string {
  return join(dir, `${name}.json`)
}
