import { existsSync, realpathSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Config, loadConfig } from '../config/index.js'
import { type DataDir, defaultDataDir, openDataDir } from '../datadir/index.js'
import { VitalsError } from '../errors/index.js'
import {
  type Ledger,
  loginService,
  needsWindowsShell,
  openLedger,
  ownConfigPath,
  type Places,
  type Service,
  type Wrapper,
} from '../install/index.js'
import type { Terminal } from './terminal.js'

/** What install, uninstall and status work with on this machine. */
export interface Installation {
  readonly places: Places
  readonly dataDir: DataDir
  readonly ledger: Ledger
  readonly wrapper: Wrapper
  /** Base address of the gateway, as our configuration has it. */
  readonly gatewayUrl: string
  readonly service: Service
}

/**
 * Throws what is wrong with our configuration, or with the state directory. `isForgiving`: the defaults stand in for a
 * configuration that is not valid, for the way back must not depend on it.
 */
export async function openInstallation(
  terminal: Terminal,
  { isForgiving = false }: { readonly isForgiving?: boolean } = {},
): Promise<Installation> {
  const { env } = terminal
  const surroundings = { platform: process.platform, home: homedir(), env }
  const places: Places = { ...surroundings, project: process.cwd() }
  const own = ownConfigPath(surroundings)
  const { listen, dataDir: named } = loaded(own, terminal, isForgiving)
  const dataDir = await openDataDir(named ?? defaultDataDir(surroundings))
  // A client and a login service start our programs without what this shell has set.
  const isFound = dataDir.path === defaultDataDir({ ...surroundings, env: withoutPlaces(env) })
  const program = {
    node: nodeFile(env.PATH),
    main: mainFile(),
    dataDir: isFound ? undefined : dataDir.path,
  }
  const host = listen.host.includes(':') ? `[${listen.host}]` : listen.host
  return {
    places,
    dataDir,
    ledger: await openLedger(dataDir.path),
    wrapper: { ...program, needsShell: process.platform === 'win32' ? needsWindowsShell : () => false },
    gatewayUrl: `http://${host}:${listen.port}`,
    service: loginService(places, { ...program, config: own }),
  }
}

function loaded(own: string, { env, err }: Terminal, isForgiving: boolean): Config {
  try {
    return loadConfig({ file: existsSync(own) ? own : undefined, env }).config
  } catch (error) {
    if (!isForgiving || !(error instanceof VitalsError)) throw error
    err.write(`note: ${error.message}\n`)
    return loadConfig({ env }).config
  }
}

/** A sentence about a program that may be gone tomorrow, or undefined. */
export function transience({ main }: Wrapper): string | undefined {
  const isCached = main.includes(`${sep}_npx${sep}`)
  if (!isCached && !main.startsWith(realpathSync(tmpdir()) + sep)) return undefined
  const where = isCached ? 'npx’s cache' : 'a directory for temporary files'
  return `mcp-vitals runs from ${where}, which may be emptied: your clients could then not start their servers. Better: npm install -g mcp-vitals, then mcp-vitals install.`
}

function withoutPlaces(env: Terminal['env']): Terminal['env'] {
  return { ...env, MCP_VITALS_DATA: undefined, XDG_STATE_HOME: undefined }
}

function mainFile(): string {
  return realpathSync(fileURLToPath(new URL('../cli/main.js', import.meta.url)))
}

/**
 * The Node that runs this. Where a name in PATH leads to the same file, that name: a package manager’s own path has the
 * version in it and is gone after the next upgrade.
 */
function nodeFile(path: string | undefined): string {
  const real = realpathSync(process.execPath)
  const name = process.platform === 'win32' ? 'node.exe' : 'node'
  const named = (path ?? '')
    .split(delimiter)
    .filter((directory) => directory.startsWith(sep))
    .map((directory) => join(directory, name))
  return named.find((file) => existsSync(file) && realpathSync(file) === real) ?? process.execPath
}
