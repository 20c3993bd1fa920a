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

/** Runs the daemon until a signal ends it. Resolves to the exit status; rejects with what kept it from starting. */
export async function up(flags: UpFlags, terminal: Terminal): Promise<number> {
  const loaded = await choose(flags, terminal)
  for (const note of loaded.notes) terminal.err.write(`note: ${note}\n`)
  const { startApp } = await import('../app/index.js')
  const signals = onStopSignal()
  const forget = onUnhandled(terminal)
  try {
    const app = await startApp({
      config: loaded.config,
      demo: flags.demo ?? false,
      out: terminal.out,
      err: terminal.err,
    })
    await signals.stopped
    await app.close()
    return STATUS.ok
  } finally {
    signals.forget()
    forget()
  }
}

/** The file that was named, else our own in this directory, else a client’s after a yes, else none. */
async function choose(flags: UpFlags, terminal: Terminal): Promise<LoadedConfig> {
  const load = (file: string | undefined) => loadConfig({ file, env: terminal.env, overrides: overridesOf(flags) })
  if (flags.config !== undefined) return load(flags.config)
  if (flags.demo) return load(undefined)
  const own = findOwnFile()
  if (own !== undefined) {
    terminal.err.write(`Configuration: ${own}\n`)
    return load(own)
  }
  const found = findClientFile()
  if (found === undefined) terminal.err.write(NOTHING)
  return (found === undefined ? undefined : await offered(found, load, terminal)) ?? load(undefined)
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

function overridesOf({ port, host, data, preset }: UpFlags): readonly Override[] {
  const given = [
    { flag: '--port', path: ['listen', 'port'], value: port !== undefined && /^\d+$/.test(port) ? Number(port) : port },
    { flag: '--host', path: ['listen', 'host'], value: host },
    { flag: '--data', path: ['dataDir'], value: data },
    { flag: '--preset', path: ['preset'], value: preset },
  ]
  return given.filter(({ value }) => value !== undefined)
}
