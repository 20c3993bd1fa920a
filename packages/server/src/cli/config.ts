import { dirname } from 'node:path'
import { configSchema, type LoadedConfig, loadConfig, printConfig } from '../config/index.js'
import { readRuleFile, ruleFilesOf } from '../rules/index.js'
import { findOwnFile } from './find.js'
import type { Terminal } from './terminal.js'

/** What the command line gave to `config check` and `config print`. */
export interface ConfigFlags {
  readonly config?: string
}

/** Prints that the configuration is valid, its patterns and rule files too; rejects with CONFIG_INVALID, RULES_INVALID and their like where it is not. */
export async function checkConfig(flags: ConfigFlags, terminal: Terminal): Promise<void> {
  const { file, config, notes } = load(flags, terminal)
  const { refuseUnfit } = await import('../app/index.js')
  refuseUnfit(config)
  for (const rules of ruleFilesOf(config.rules.files, file === undefined ? '.' : dirname(file))) readRuleFile(rules)
  const count = Object.keys(config.servers).length
  const subject = file ?? 'The configuration without a file'
  terminal.out.write(`${subject} is valid: ${count} ${count === 1 ? 'server' : 'servers'}.\n`)
  for (const note of notes) terminal.err.write(`note: ${note}\n`)
}

/** Prints every effective value with its origin. */
export function showConfig(flags: ConfigFlags, terminal: Terminal): void {
  terminal.out.write(printConfig(load(flags, terminal)))
}

/** Prints the JSON Schema. */
export function showSchema(terminal: Terminal): void {
  terminal.out.write(`${JSON.stringify(configSchema, null, 2)}\n`)
}

function load({ config }: ConfigFlags, { env }: Terminal): LoadedConfig {
  return loadConfig({ file: config ?? findOwnFile(env), env })
}
