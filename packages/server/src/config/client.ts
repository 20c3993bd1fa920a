import { basename } from 'node:path'

/** A client’s own file, brought into our form. */
export interface ClientForm {
  /** The key under which the file holds its servers: `mcpServers` (most clients) or `servers` (VS Code). */
  readonly key: 'mcpServers' | 'servers'
  readonly servers: unknown
}

/** Recognises a client’s `mcp.json` by `mcpServers`, or by VS Code’s `servers` beside `inputs` or in a file of that name. */
export function clientForm(file: string, value: Readonly<Record<string, unknown>>): ClientForm | undefined {
  if (Object.hasOwn(value, 'mcpServers')) return { key: 'mcpServers', servers: renamed(value.mcpServers) }
  if (!Object.hasOwn(value, 'servers')) return undefined
  const fromCode = Object.hasOwn(value, 'inputs') || /^\.?mcp\.json$/i.test(basename(file))
  return fromCode ? { key: 'servers', servers: renamed(value.servers) } : undefined
}

/** Words of some clients for `url`. */
const URL_KEYS = ['serverUrl', 'httpUrl']

function renamed(servers: unknown): unknown {
  if (!isGroup(servers)) return servers
  const entries = Object.entries(servers).map(([name, entry]) => {
    if (!isGroup(entry) || Object.hasOwn(entry, 'url')) return [name, entry]
    const key = URL_KEYS.find((word) => Object.hasOwn(entry, word))
    return [name, key === undefined ? entry : { ...entry, url: entry[key] }]
  })
  return Object.fromEntries(entries)
}

/** A plain object: not null, not a list. */
export function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
