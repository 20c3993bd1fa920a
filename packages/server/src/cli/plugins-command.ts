import { fileURLToPath } from 'node:url'
import type { Config } from '../config/index.js'

type Entry = Config['servers'][string]
type PluginsEntry = Extract<Entry, { plugins: string }>
/** What a look from outside can start or reach. */
export type Reachable =
  | Exclude<Entry, PluginsEntry>
  | Pick<Extract<Entry, { command: string }>, 'command' | 'args' | 'env'>

/** The servers that are not disabled, those made of plugins as commands, so that they can be tried without a daemon. */
export function reachableServers(servers: Config['servers']): Readonly<Record<string, Reachable>> {
  const enabled = Object.entries(servers).filter(([, { disabled }]) => !disabled)
  return Object.fromEntries(enabled.map(([name, entry]) => [name, 'plugins' in entry ? pluginsCommand(entry) : entry]))
}

function pluginsCommand({ plugins, separator, env }: PluginsEntry) {
  const cli = fileURLToPath(new URL('../cli/main.js', import.meta.url))
  const args = [cli, 'plugins', '--stdio', '--unwatched', '--dir', plugins, '--separator', separator]
  return { command: process.execPath, args, env }
}
