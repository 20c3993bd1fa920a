import { vitalsError } from '../errors/index.js'
import type { ExportFile, Subject } from './contract.js'
import { EXPORT_TARGETS } from './registry.js'

/** The word for every target. */
const ALL = 'all'

/** The files of a target by its name, or of all of them, each path once. Throws EXPORT_TARGET_UNKNOWN. */
export function filesOf(name: string, subject: Subject): readonly ExportFile[] {
  const known = EXPORT_TARGETS.map((target) => target.name)
  const targets = EXPORT_TARGETS.filter((target) => name === ALL || target.name === name)
  if (targets.length === 0) throw vitalsError('EXPORT_TARGET_UNKNOWN', { name, known: [...known, ALL].join(', ') })
  const files = targets.flatMap((target) => target.files(subject))
  return [...new Map(files.map((file) => [file.path, file])).values()]
}
