import type { LoadedConfig } from './load.js'
import { isSecret, MASK, maskUrl } from './secrets.js'

/**
 * The effective values as YAML, each line with where it came from. Values of servers’ `env` and `headers`, and the
 * secret parts of addresses, show as `***`.
 */
export function printConfig(loaded: LoadedConfig): string {
  const rows = Object.entries(loaded.config).flatMap(([key, value]) => rowsOf([key], value, loaded))
  const width = Math.min(60, Math.max(...rows.map(({ text }) => text.length)))
  return rows.map(({ text, origin }) => (origin ? `${text.padEnd(width)}  # ${origin}\n` : `${text}\n`)).join('')
}

/** One value in force. */
export interface Setting {
  /** `listen.port`. */
  readonly path: string
  /** As JSON, secrets masked. */
  readonly value: string
  readonly origin?: string
}

/** The values of a configuration as a list, without what may be secret; `origin` tells where one came from, if it is known. */
export function settingsOf(config: LoadedConfig['config'], origin?: LoadedConfig['origin']): readonly Setting[] {
  const listed = (path: readonly string[], value: unknown): readonly Setting[] => {
    if (value === undefined) return []
    const isGroup = typeof value === 'object' && value !== null && !Array.isArray(value)
    const entries = isGroup ? Object.entries(value) : []
    if (entries.length > 0) return entries.flatMap(([key, inner]) => listed([...path, key], inner))
    return [{ path: path.join('.'), value: valueText(path, value), ...(origin && { origin: origin(path) }) }]
  }
  return listed([], config)
}

interface Row {
  readonly text: string
  readonly origin?: string
}

function rowsOf(path: readonly string[], value: unknown, loaded: LoadedConfig): readonly Row[] {
  if (value === undefined) return []
  const name = `${'  '.repeat(path.length - 1)}${keyText(path.at(-1)!)}:`
  const entries =
    typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : undefined
  if (entries && entries.length > 0)
    return [{ text: name }, ...entries.flatMap(([key, inner]) => rowsOf([...path, key], inner, loaded))]
  return [{ text: `${name} ${valueText(path, value)}`, origin: loaded.origin(path) }]
}

function keyText(key: string): string {
  return /^[A-Za-z_][\w-]*$/.test(key) ? key : JSON.stringify(key)
}

/** Options whose value is an address. */
const ADDRESSES: ReadonlySet<string | undefined> = new Set(['url', 'endpoint'])

function valueText(path: readonly string[], value: unknown): string {
  if (isSecret(path) && typeof value === 'string') return JSON.stringify(MASK)
  if (Array.isArray(value)) return JSON.stringify(masked(path, value))
  return JSON.stringify(ADDRESSES.has(path.at(-1)) && typeof value === 'string' ? maskUrl(value) : value)
}

/** What stands in a list may be secret as well. */
function masked(path: readonly PropertyKey[], value: unknown): unknown {
  if (isSecret(path)) return MASK
  if (Array.isArray(value)) return value.map((one, index) => masked([...path, index], one))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, masked([...path, key], one)]))
}
