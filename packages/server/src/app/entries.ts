import type { Config } from '../config/index.js'
import type { DoorsSetting } from '../doors/index.js'
import type { ServedEntry } from '../sources/http-proxy/index.js'

/** How each server is reached, without its doors: these may change while the server stays what it is. */
export function entriesOf(servers: Config['servers']): Readonly<Record<string, ServedEntry>> {
  return Object.fromEntries(Object.entries(servers).map(([name, { doors: _, ...entry }]) => [name, entry]))
}

/** The doors of all, and what differs by server. */
export function doorsSetting({ doors, servers }: Pick<Config, 'doors' | 'servers'>): DoorsSetting {
  return {
    options: doors,
    servers: Object.fromEntries(
      Object.entries(servers).flatMap(([name, entry]) => (entry.doors ? [[name, entry.doors]] : [])),
    ),
  }
}
