import { fileURLToPath } from 'node:url'
import { isGroup } from './client.js'
import { parseConfig, readConfigFile } from './file.js'

/** The systems whose operators find everything as they know it: names, ports, labels, words. */
export const PRESETS = ['messaging', 'letta', 'commerce', 'dust', 'plugins'] as const
export type PresetName = (typeof PRESETS)[number]

type Values = Readonly<Record<string, unknown>>

/**
 * The values of a preset: an ordinary configuration that lies between the defaults and the user’s own. Empty where
 * `name` is none; the schema then says what it wanted.
 */
export function presetValues(name: unknown): Values {
  if (!isPreset(name)) return {}
  const file = fileURLToPath(new URL(`../../presets/${name}.yaml`, import.meta.url))
  const source = parseConfig(file, readConfigFile(file))
  if ('problems' in source || !isGroup(source.value)) throw new Error(`the preset ${file} cannot be read`)
  return source.value
}

/** `upper` over `lower`: groups are joined key by key, anything else replaces what is below it. */
export function overlaid(lower: Values, upper: Values): Record<string, unknown> {
  const joined: Record<string, unknown> = { ...lower }
  for (const [key, value] of Object.entries(upper)) {
    const below = joined[key]
    joined[key] = isGroup(below) && isGroup(value) ? overlaid(below, value) : value
  }
  return joined
}

function isPreset(name: unknown): name is PresetName {
  return PRESETS.some((preset) => preset === name)
}
