import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parse } from 'yaml'
import { loadConfig } from '../../../packages/server/src/config/index.js'
import { PRESETS } from '../../../packages/server/src/config/preset.js'
import { type ExportFile, filesOf, type Subject, subjectOf } from '../../../packages/server/src/export/index.js'
import { tempDir } from '../store/support.js'

/** Without a preset, and with each. */
export const CASES = ['', ...PRESETS] as const

/** Those of presets alone, since a configuration with its rules takes a while to be read. */
const known = new Map<string, Subject>()

/** What files are made from, of a preset and values of a configuration. */
export function subject(preset: string, values?: object): Subject {
  const env = { MCP_VITALS_PRESET: preset }
  if (values === undefined) {
    const found = known.get(preset) ?? subjectOf(loadConfig({ env }).config, [])
    known.set(preset, found)
    return found
  }
  const file = join(tempDir(), 'config.json')
  writeFileSync(file, JSON.stringify(values))
  return subjectOf(loadConfig({ file, env }).config, [])
}

/** The files of a target. */
export const exported = (target: string, preset: string, values?: object): readonly ExportFile[] =>
  filesOf(target, subject(preset, values))

/** One file of a target. */
export function textOf(files: readonly ExportFile[], path: string): string {
  const found = files.find((file) => file.path === path)
  if (found === undefined) throw new Error(`no ${path} among ${files.map((file) => file.path).join(', ')}`)
  return found.text
}

/** A file of YAML, read. */
// biome-ignore lint/suspicious/noExplicitAny: files of other programs, whose shapes the tests themselves say
export const yamlOf = (files: readonly ExportFile[], path: string): any => parse(textOf(files, path))

/** The files on disk: their folder. */
export function onDisk(files: readonly ExportFile[]): string {
  const folder = tempDir()
  for (const { path, text } of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return folder
}
