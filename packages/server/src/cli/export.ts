import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { loadConfig } from '../config/index.js'
import { type VitalsError, vitalsError } from '../errors/index.js'
import { type ExportFile, filesOf, type Subject, subjectOf } from '../export/index.js'
import { makeFolder } from '../folders/index.js'
import { readRuleFile, readRuleText, ruleFilesOf } from '../rules/index.js'
import { findOwnFile } from './find.js'
import type { Terminal } from './terminal.js'

/** What the command line gave to `export`. */
export interface ExportFlags {
  readonly config?: string
  readonly preset?: string
  readonly out?: string
  readonly force?: boolean
}

/**
 * Writes what other programs need, each file below the folder, or a single one to standard output. Throws
 * EXPORT_TARGET_UNKNOWN, EXPORT_OUT_NEEDED, EXPORT_OTHER_RULES, EXPORT_WOULD_OVERWRITE, EXPORT_FAILED, and what is wrong with the
 * configuration or a rule file.
 */
export function exportFiles(target: string, flags: ExportFlags, { env, out, err }: Terminal): void {
  const { config, file } = loadConfig({
    file: flags.config ?? findOwnFile(env),
    env,
    overrides: flags.preset === undefined ? [] : [{ flag: '--preset', path: ['preset'], value: flags.preset }],
  })
  const own = ruleFilesOf(config.rules.files, file === undefined ? '.' : dirname(file))
  const subject = subjectOf(config, ownRules(own))
  const files = filesOf(target, subject)
  const { out: folder, force = false } = flags
  const [only] = files
  if (folder !== undefined) {
    meetsNeighbours(files, subject, folder)
    writeFiles(files, folder, force, err)
  } else if (files.length === 1 && only !== undefined) out.write(only.text)
  else throw vitalsError('EXPORT_OUT_NEEDED', { target, count: files.length })
}

/** Rule files of the user's own as they are, under names of which no two are the same, nor that of ours. */
function ownRules(paths: readonly string[]): readonly ExportFile[] {
  const taken = new Set(['alerts.yml', 'prometheus.yml'])
  return paths.map((path) => {
    readRuleFile(path)
    let name = basename(path)
    for (let number = 2; taken.has(name); number++) name = `${number}-${basename(path)}`
    taken.add(name)
    return { path: name, text: readRuleText(path) }
  })
}

/**
 * Rule files are named by those of several targets. Throws EXPORT_OTHER_RULES where one that stays as it is names others than
 * this configuration has: Prometheus would find them by some of the files, and not by the rest, or take one for another.
 */
function meetsNeighbours(files: readonly ExportFile[], subject: Subject, folder: string): void {
  const rules = new Set(filesOf('rules', subject).map(({ path }) => path))
  if (!files.some(({ path, rulesIn }) => rulesIn !== undefined || rules.has(path))) return
  const written = new Set(files.map(({ path }) => path))
  const others = filesOf('all', subject).filter(({ path, text, rulesIn }) => {
    const place = join(folder, path)
    if (rulesIn === undefined || written.has(path) || !existsSync(place)) return false
    const [there, wanted] = [textThere(place, folder), text].map((one) => [...rulesIn(one)].sort().join('\n'))
    return there !== wanted
  })
  if (others.length > 0)
    throw vitalsError('EXPORT_OTHER_RULES', {
      files: others.map(({ path }) => `\n  ${join(folder, path)}`).join(''),
      rules: [...rules].map((path) => basename(path)).join(', '),
    })
}

function writeFiles(files: readonly ExportFile[], folder: string, force: boolean, err: Terminal['err']): void {
  const placed = files.map(({ path, text }) => ({ place: join(folder, path), text }))
  const changed = placed.filter(({ place, text }) => existsSync(place) && textThere(place, folder) !== text)
  if (changed.length > 0 && !force)
    throw vitalsError('EXPORT_WOULD_OVERWRITE', { files: changed.map(({ place }) => `\n  ${place}`).join('') })
  for (const { place, text } of placed) {
    try {
      makeFolder(dirname(place))
      writeFileSync(place, text)
    } catch (error) {
      throw failed(folder, error)
    }
    err.write(`${place}\n`)
  }
}

/** What an earlier export, or somebody else, left there. */
function textThere(place: string, folder: string): string {
  try {
    return readFileSync(place, 'utf8')
  } catch (error) {
    throw failed(folder, error, place)
  }
}

/** `place`: where the reason does not name it. */
function failed(folder: string, error: unknown, place?: string): VitalsError {
  const reason = (error as Error).message
  return vitalsError('EXPORT_FAILED', { folder, reason: place === undefined ? reason : `${place}: ${reason}` })
}
