import { isGroup } from './client.js'
import type { SchemaNode } from './json-schema.js'
import { type Option, optionsOf } from './schema.js'

/** Values from outside the file that stand above it. */
export interface Layer {
  /** Where the value came from, in words: `environment variable LOG_LEVEL`, `option --port`. */
  readonly from: string
  readonly path: readonly string[]
  readonly value: unknown
}

/** A value that a command-line option sets: `flag` names it, as in `--port`. */
export interface Override {
  readonly flag: string
  readonly path: readonly string[]
  readonly value: unknown
}

/** What the environment sets. A variable that is set but empty counts as absent, as Compose files leave them. */
export function environmentLayers(env: Readonly<Record<string, string | undefined>>): readonly Layer[] {
  return optionsOf().flatMap(({ path, node }: Option) => {
    const text = node.env === undefined ? '' : (env[node.env] ?? '').trim()
    return text === '' ? [] : [{ from: `environment variable ${node.env}`, path, value: converted(text, node) }]
  })
}

const TRUE = ['true', '1', 'yes', 'on']
const FALSE = ['false', '0', 'no', 'off']

/** Text to the option’s own type; what cannot be converted stays text, and the schema then says what it wanted. */
function converted(text: string, node: SchemaNode): unknown {
  const word = text.toLowerCase()
  if (node.type === 'integer' || node.type === 'number') return /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : text
  if (node.type === 'boolean') return TRUE.includes(word) ? true : FALSE.includes(word) ? false : text
  return node.enum?.includes(word) ? word : text
}

/** Puts the layers over `base`, later ones on top, and returns a new object. A place inside something that is no group is left alone. */
export function withLayers(base: Readonly<Record<string, unknown>>, layers: readonly Layer[]): Record<string, unknown> {
  return layers.reduce<Record<string, unknown>>((whole, { path, value }) => placed(whole, path, value), { ...base })
}

function placed(group: Record<string, unknown>, path: readonly string[], value: unknown): Record<string, unknown> {
  const [key, ...rest] = path
  if (key === undefined) return group
  if (rest.length === 0) return { ...group, [key]: value }
  const inner = group[key] ?? {}
  return isGroup(inner) ? { ...group, [key]: placed(inner, rest, value) } : group
}
