import { resolve } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { type LoadedConfig, loadConfig, type Override } from '../config/index.js'
import { VitalsError } from '../errors/index.js'
import { confirm, describeServers } from './consent.js'
import { findClientFile, findOwnFile } from './find.js'
import { STATUS } from './report.js'
import { onStopSignal, onUnhandled } from './signals.js'
import { hasPerson, type Terminal } from './terminal.js'

/** What the command line gave to `up`. */
export interface UpFlags {
  readonly config?: string
  readonly port?: string
  readonly host?: string
  readonly data?: string
  readonly demo?: boolean
  readonly preset?: string
}

/**
 * Collections of the young generation in one thread. A daemon's are many and find next to nothing alive, so V8's helpers,
 * four threads that are woken for each, cost a sixth of a call's CPU and save no time.
 */
const ONE_THREAD = '--no-parallel-scavenge'

/**
 * The old generation is collected when it grew by 60 % of what was alive. By itself V8 lets it grow to more than three
 * times that: sessions that were left and forgotten then lie about, and the daemon looks as if it lost memory.
 */
const TIGHT_HEAP = '--heap-growing-percent=60'

/** Runs the daemon until a signal ends it. Resolves to the exit status; rejects with what kept it from starting. */
export async function up(flags: UpFlags, terminal: Terminal): Promise<number> {
  const choice = await choose(flags, terminal)
  await runDaemon({ ...choice, demo: flags.demo ?? false }, terminal)
  return STATUS.ok
}

/** Runs a daemon with this configuration until a signal ends it. Rejects with what kept it from starting. */
export async function runDaemon({ loaded, reloadable, demo = false }: Choice & { demo?: boolean }, terminal: Terminal) {
  for (const note of loaded.notes) terminal.err.write(`note: ${note}\n`)
  for (const flag of [ONE_THREAD, TIGHT_HEAP]) setFlagsFromString(flag)
  const { startApp } = await import('../app/index.js')
  let app: Awaited<ReturnType<typeof startApp>> | undefined
  const onHangup = () => void app?.reload()
  const signals = onStopSignal({
    onHurry: () => app?.kill(),
    // With a terminal the signal says that it went away.
    ...(terminal.input.isTTY !== true && { onHangup }),
  })
  const forget = onUnhandled(terminal)
  try {
    app = await startApp({
      config: loaded.config,
      source: reloadable,
      origin: loaded.origin,
      demo,
      out: terminal.out,
      err: terminal.err,
    })
    await signals.stopped
    await app.close()
  } finally {
    signals.forget()
    forget()
  }
}

/** What a daemon is started with. */
export interface Choice {
  readonly loaded: LoadedConfig
  /** How it is read again; absent where nobody named the file: what a stranger writes into it later is not started. */
  readonly reloadable?: { readonly file: string; load(): LoadedConfig['config'] } | undefined
}

/** The file that was named, else our own in this directory, else the user’s, else a client’s after a yes, else none. */
async function choose(flags: UpFlags, terminal: Terminal): Promise<Choice> {
  const load = (file: string | undefined) => loadConfig({ file, env: terminal.env, overrides: overridesOf(flags) })
  const named = (file: string): Choice => {
    const path = resolve(file)
    return { loaded: load(file), reloadable: { file: path, load: () => load(path).config } }
  }
  if (flags.config !== undefined) return named(flags.config)
  if (flags.demo) return { loaded: load(undefined) }
  const own = findOwnFile(terminal.env)
  if (own !== undefined) {
    terminal.err.write(`Configuration: ${own}\n`)
    return named(own)
  }
  const found = findClientFile()
  if (found === undefined) terminal.err.write(NOTHING)
  const consented = found === undefined ? undefined : await offered(found, load, terminal)
  return { loaded: consented ?? load(undefined) }
}

const NOTHING = `No configuration here, so no server is watched yet. Any of these goes on from here:
  mcp-vitals up --demo                    two small servers, to see what it looks like
  mcp-vitals up --config path/to/mcp.json the servers of your client
`

/** Shows what a file that lies around would start, and asks; without a person it only names the line to type. */
async function offered(
  file: string,
  load: (file: string) => LoadedConfig,
  terminal: Terminal,
): Promise<LoadedConfig | undefined> {
  const byName = `To watch its servers: mcp-vitals up --config ${file}\n`
  if (!hasPerson(terminal)) {
    terminal.err.write(`Saw ${file}, which was not named, so nothing in it is started. ${byName}`)
    return undefined
  }
  try {
    const loaded = load(file)
    terminal.err.write(`${file} names these servers:\n${describeServers(loaded.config.servers)}`)
    if (await confirm('Start and watch them?', terminal)) return loaded
    terminal.err.write(`Nothing of it is started. ${byName}`)
  } catch (error) {
    if (!(error instanceof VitalsError)) throw error
    terminal.err.write(`Saw ${file} and left it out: ${error.message}\n`)
  }
  return undefined
}

/** What these options set, above file and environment. */
export function overridesOf({ port, host, data, preset }: Omit<UpFlags, 'config' | 'demo'>): readonly Override[] {
  const given = [
    { flag: '--port', path: ['listen', 'port'], value: port !== undefined && /^\d+$/.test(port) ? Number(port) : port },
    { flag: '--host', path: ['listen', 'host'], value: host },
    { flag: '--data', path: ['dataDir'], value: data },
    { flag: '--preset', path: ['preset'], value: preset },
  ]
  return given.filter(({ value }) => value !== undefined)
}
