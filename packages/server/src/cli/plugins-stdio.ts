import { randomUUID } from 'node:crypto'
import type { PluginsEntry } from '../plugins/index.js'
import { createPluginHost, type Look } from '../sources/plugins/index.js'
import { createStdioProxy } from '../sources/stdio-proxy/index.js'
import { VERSION } from '../version/index.js'
import { onStopSignal } from './signals.js'
import type { Terminal } from './terminal.js'
import { openStdin, openStdout } from './wrap-pipes.js'
import { rulesFor } from './wrap-rules.js'
import { openShipping } from './wrap-shipping.js'

export interface StdioPlugins {
  readonly server: string
  readonly entry: PluginsEntry
  /** State directory of the daemon. Default: the one that every program of this user finds. */
  readonly dataDir: string | undefined
  /** Whether a daemon is told what passes. */
  readonly isWatched: boolean
}

/** Where events go that nobody is told of. */
const UNTOLD = {
  publish() {},
  async park() {},
}

/** Serves one client on standard input and output, until it or a signal ends that. What was found is told on standard error. */
export async function runPlugins(
  { server, entry, dataDir, isWatched }: StdioPlugins,
  { err }: Terminal,
): Promise<void> {
  const shipping = isWatched
    ? openShipping(server, dataDir, () =>
        err.write('mcp-vitals: the state directory cannot be used; no daemon is told.\n'),
      )
    : { session: randomUUID(), ...UNTOLD }
  const { session, publish } = shipping
  const shared = { publish, now: Date.now, clock: () => performance.now() }
  const onLook = (look: Look) => err.write(linesOf(look))
  const host = createPluginHost({ ...shared, server, version: VERSION, entry, onLook })
  await host.start()
  const rules = isWatched ? await rulesFor(server, dataDir) : undefined
  const proxy = createStdioProxy({
    ...shared,
    name: server,
    session,
    open: () => host.connect(session),
    stdin: openStdin(),
    stdout: openStdout(),
    rules,
  })
  const signals = onStopSignal({ onHurry: () => void proxy.stop() })
  await proxy.start()
  await Promise.race([signals.stopped, proxy.exited])
  await proxy.stop()
  await host.stop()
  await shipping.park()
  signals.forget()
}

function linesOf({ plugins, notTaken, warnings }: Look): string {
  return [
    ...warnings,
    ...plugins.map(
      ({ name, commands }) => `Plugin found: ${name}: ${commands.map((command) => command.name).join(', ')}`,
    ),
    ...notTaken.map(({ name, reason }) => `Not taken: ${name}: ${reason}`),
  ]
    .map((line) => `mcp-vitals: ${line}\n`)
    .join('')
}
