import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'

/** What decides where the state directory is. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly platform: NodeJS.Platform
  /** The user's home directory. */
  readonly home: string
}

/**
 * Where state is kept when nobody names a place: `MCP_VITALS_DATA` (a leading `~/` is the home directory, since client
 * configurations pass variables without a shell), else `$XDG_STATE_HOME/mcp-vitals` or `~/.local/state/mcp-vitals`,
 * `~/Library/Application Support/mcp-vitals` on macOS, `%LOCALAPPDATA%\mcp-vitals` on Windows. Always absolute.
 */
export function defaultDataDir(surroundings: Partial<Surroundings> = {}): string {
  const { env = process.env, platform = process.platform, home = homedir() } = surroundings
  const named = env.MCP_VITALS_DATA
  if (named) return named.startsWith('~/') ? join(home, named.slice(2)) : resolve(named)
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'mcp-vitals')
  if (platform === 'win32') return join(env.LOCALAPPDATA || join(home, 'AppData', 'Local'), 'mcp-vitals')
  const stateHome = env.XDG_STATE_HOME
  // The XDG specification has relative paths ignored.
  return join(stateHome && isAbsolute(stateHome) ? stateHome : join(home, '.local', 'state'), 'mcp-vitals')
}
