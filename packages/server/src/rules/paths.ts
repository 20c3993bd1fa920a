import { readdirSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { vitalsError } from '../errors/index.js'

/**
 * The files that paths name, each once: a path counts from `folder`, and `*` in its last part is any text. Throws
 * RULES_UNREADABLE for a folder that cannot be read.
 */
export function ruleFilesOf(paths: readonly string[], folder: string): readonly string[] {
  const files = paths.flatMap((path) => {
    const file = resolve(folder, path)
    return isPattern(file) ? filesLike(file) : [file]
  })
  return [...new Set(files)]
}

/** Whether a path names files by a pattern. */
export function isPattern(path: string): boolean {
  return basename(path).includes('*')
}

function filesLike(pattern: string): readonly string[] {
  const folder = dirname(pattern)
  const parts = basename(pattern).split('*')
  const escaped = parts.map((part) => part.replace(/[\\^$.+?()[\]{}|]/g, '\\$&'))
  const name = new RegExp(`^${escaped.join('[^]*')}$`)
  try {
    const names = readdirSync(folder).filter((one) => name.test(one))
    return names.sort().map((one) => join(folder, one))
  } catch (error) {
    throw unreadable(pattern, error)
  }
}

/** RULES_UNREADABLE for a file, or for a folder of files. */
export function unreadable(file: string, error: unknown) {
  const reason = error instanceof Error ? error.message : String(error)
  return vitalsError('RULES_UNREADABLE', { file, reason }, error)
}
