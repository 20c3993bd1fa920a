import { posix, win32 } from 'node:path'
import { CLIENTS, type Client, type ClientFile } from './clients.js'

/** What decides where files are: handed in, so that one machine can tell of all three platforms. */
export interface Places {
  readonly platform: NodeJS.Platform
  /** The user's home directory. */
  readonly home: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** The directory in which the command runs. */
  readonly project: string
}

/** One file that a client may have, whether it is there or not. */
export interface Found {
  readonly client: Client
  readonly file: ClientFile
  /** Absolute. */
  readonly path: string
}

/** Every file of these clients (default: all), in the table's order. */
export function clientFiles(places: Places, ids?: readonly string[]): readonly Found[] {
  const clients = ids === undefined ? CLIENTS : CLIENTS.filter(({ id }) => ids.includes(id))
  return clients.flatMap((client) => client.files.map((file) => ({ client, file, path: pathOf(file, places) })))
}

/** Where our own configuration is when nobody names a file: what `install` writes and `up` reads. */
export function ownConfigPath(places: Omit<Places, 'project'>): string {
  const root = { linux: '{config}', darwin: '{support}', win32: '{appData}' }[known(places.platform)]
  return filled(`${root}/mcp-vitals/mcp-vitals.yaml`, { ...places, project: '' })
}

/** Whether a path is the file of a project, in whatever directory that is. */
export function isProjectFile({ file }: Found, path: string, { platform }: Places): boolean {
  if (file.scope !== 'project') return false
  const { sep } = paths(platform)
  return path.endsWith(file.path[known(platform)].replace('{project}', '').replaceAll('/', sep))
}

function pathOf({ path, env }: ClientFile, places: Places): string {
  const named = env && places.env[env.name]
  const { join } = paths(places.platform)
  return named ? join(named, env.path) : filled(path[known(places.platform)], places)
}

/** Other Unix systems keep to the places of Linux. */
function known(platform: NodeJS.Platform): 'linux' | 'darwin' | 'win32' {
  return platform === 'darwin' || platform === 'win32' ? platform : 'linux'
}

function paths(platform: NodeJS.Platform): typeof posix {
  return platform === 'win32' ? win32 : posix
}

function filled(template: string, { platform, home, env, project }: Places): string {
  const { join, isAbsolute } = paths(platform)
  const configHome = env.XDG_CONFIG_HOME
  const tokens: Readonly<Record<string, string>> = {
    home,
    project,
    // The XDG specification has relative paths ignored.
    config: configHome && isAbsolute(configHome) ? configHome : join(home, '.config'),
    support: join(home, 'Library', 'Application Support'),
    appData: env.APPDATA || join(home, 'AppData', 'Roaming'),
  }
  return join(...template.split('/').map((part) => part.replace(/^\{(\w+)\}$/, (_, token: string) => tokens[token]!)))
}
