import { CATALOGUE } from '@mcp-vitals/instrument/metrics'
import type { ChildRecords } from '../children/index.js'
import type { PluginsEntry, Problem } from '../plugins/index.js'
import { redactName } from '../redact/index.js'
import type { Logger } from '../sinks/log/index.js'
import type { GatewayConfig } from '../sources/http-proxy/index.js'
import type { Look, PluginHost } from '../sources/plugins/index.js'
import { VERSION } from '../version/index.js'
import type { entriesOf } from './entries.js'
import type { Observation } from './observe.js'

/** Folders that never were a plugin, so that none is missing. */
const NO_PLUGIN: ReadonlySet<Problem> = new Set(['no_directory', 'bad_name', 'no_program'])

export interface HostingNeeds {
  readonly observation: Observation
  readonly records: ChildRecords
  readonly logger: Logger
}

/** The servers of the configuration that are made of plugins. */
export interface Hosting {
  /** Loads what hosts plugins, where there are some: no other daemon needs it. */
  prepare(servers: ReturnType<typeof entriesOf>): Promise<void>
  readonly openHost: NonNullable<GatewayConfig['openHost']>
  /** Opens a connection of our own to a server that is hosted. Throws where there is none. */
  readonly connect: (server: string) => ReturnType<PluginHost['connect']>
}

/** Makes hosts for the gateway, and tells what plugins they find. */
export function createHosting({ observation, records, logger }: HostingNeeds): Hosting {
  let source: typeof import('../sources/plugins/index.js') | undefined
  const hosts = new Map<string, PluginHost>()
  return {
    async prepare(servers) {
      const isHosting = Object.values(servers).some((entry) => 'plugins' in entry && !entry.disabled)
      if (isHosting) source ??= await import('../sources/plugins/index.js')
    },
    connect(server) {
      const host = hosts.get(server)
      if (!host) throw new Error(`nothing hosts ${server}`)
      return host.connect()
    },
    openHost(server, entry, publish) {
      if (!source) throw new Error('the host of plugins was not loaded')
      const tell = createTeller(server, logger)
      const known = new Set<string>()
      const host = source.createPluginHost({
        server,
        version: VERSION,
        entry: entry as PluginsEntry,
        publish,
        now: Date.now,
        clock: () => performance.now(),
        records,
        onLook(look) {
          tell(look)
          show(redactName(server), look, known, observation)
        },
      })
      void host.start()
      hosts.set(server, host)
      return {
        connect: (session) => host.connect(session),
        async stop() {
          // Another may have its name by now.
          if (hosts.get(server) === host) hosts.delete(server)
          await host.stop()
          for (const plugin of known) forget(redactName(server), plugin, observation)
        },
      }
    },
  }
}

/** Shows the plugins that there are, before their first job too. */
function show(server: string, look: Look, known: Set<string>, observation: Observation): void {
  const broken = look.notTaken.filter(({ problem }) => !NO_PLUGIN.has(problem))
  const found = new Map([
    ...broken.map(({ name }) => [redactName(name), false] as const),
    ...look.plugins.map(({ name }) => [redactName(name), true] as const),
  ])
  for (const plugin of [...known].filter((name) => !found.has(name))) {
    forget(server, plugin, observation)
    known.delete(plugin)
  }
  for (const [plugin, isAvailable] of found) {
    observation.plugins.declare(server, plugin, isAvailable)
    if (!known.has(plugin)) observation.registry.gauge(CATALOGUE.mcp.queue_size).with(server, plugin).set(0)
    known.add(plugin)
  }
}

function forget(server: string, plugin: string, { plugins, registry }: Observation): void {
  plugins.forget(server, plugin)
  registry.remove(CATALOGUE.mcp.queue_size, server, plugin)
}

/** Tells the log what was found, and why a folder was not taken; each thing once, until it changes. */
export function createTeller(server: string, logger: Pick<Logger, 'info' | 'warning'>): (look: Look) => void {
  let told = new Set<string>()
  return ({ plugins, notTaken, warnings }) => {
    const lines = [
      ...warnings.map((text) => ['warning', 'plugins_limits', text] as const),
      ...plugins.map(({ name, commands }) => {
        const names = commands.map((command) => command.name).join(', ')
        return ['info', 'plugin_found', `Plugin found: ${name}, ${counted(commands.length)}: ${names}`] as const
      }),
      ...notTaken.map(({ name, problem, reason }) => {
        const what = problem === 'no_directory' ? `Directory of plugins ${name}` : `Folder ${name}`
        return ['warning', 'plugin_not_taken', `${what} was not taken: ${reason}`] as const
      }),
      ...(plugins.length + notTaken.length === 0
        ? [['warning', 'plugins_none', `Server ${server}: there is no folder in the directory of plugins`] as const]
        : []),
    ]
    for (const [level, event, text] of lines) if (!told.has(text)) logger[level](event, text)
    told = new Set(lines.map(([, , text]) => text))
  }
}

function counted(commands: number): string {
  return `${commands} ${commands === 1 ? 'command' : 'commands'}`
}
