import { resolve } from 'node:path'
import { type LoadedConfig, loadConfig, type Override } from '../config/index.js'
import { STATUS } from './report.js'
import type { Terminal } from './terminal.js'
import { overridesOf, runDaemon, type UpFlags } from './up.js'

/** What the command line gave to `plugins`. */
export interface PluginsFlags extends Omit<UpFlags, 'demo'> {
  readonly dir?: string
  readonly separator?: string
  readonly stdio?: boolean
  readonly unwatched?: boolean
}

/** Name of the server, in addresses and events, and in the presets of the systems that are made of plugins. */
const SERVER = 'plugins'
const USUAL_PLACE = 'mcp/plugins'

/** Serves plugins until a signal ends it: a daemon of its own, or on standard input and output. Resolves to the exit status. */
export async function plugins(flags: PluginsFlags, terminal: Terminal): Promise<number> {
  const load = () => loadConfig({ file: flags.config, env: terminal.env, overrides: overrides(flags) })
  const loaded = load()
  if (flags.stdio) return serveStdio(loaded, flags, terminal)
  const file = flags.config === undefined ? undefined : resolve(flags.config)
  await runDaemon(
    { loaded, reloadable: file === undefined ? undefined : { file, load: () => load().config } },
    terminal,
  )
  return STATUS.ok
}

/** Without a file, as the users of such systems know it. */
function overrides({ dir, separator, preset, config, ...flags }: PluginsFlags): readonly Override[] {
  const entry = ['servers', SERVER]
  const place = dir ?? (config === undefined ? USUAL_PLACE : undefined)
  const given = [
    { flag: '--dir', path: [...entry, 'plugins'], value: place },
    { flag: '--dir', path: ['gateway', 'front'], value: place && SERVER },
    { flag: '--separator', path: [...entry, 'separator'], value: separator },
  ].filter(({ value }) => value !== undefined)
  const system = preset ?? (config === undefined ? 'letta' : undefined)
  return [...overridesOf({ ...flags, ...(system !== undefined && { preset: system }) }), ...given]
}

/** One client at standard input and output. What passes is told to the daemon that runs, as a wrap does. */
async function serveStdio({ config }: LoadedConfig, flags: PluginsFlags, terminal: Terminal): Promise<number> {
  const entry = config.servers[SERVER]
  if (entry === undefined || !('plugins' in entry)) throw new Error(`there is no server ${SERVER} made of plugins`)
  const { runPlugins } = await import('./plugins-stdio.js')
  await runPlugins({ server: SERVER, entry, dataDir: flags.data, isWatched: flags.unwatched !== true }, terminal)
  return STATUS.ok
}
