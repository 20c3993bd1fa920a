import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/** Where events are posted, and what shows that we may. */
export interface Target {
  readonly url: URL
  readonly token: string
}

/**
 * The daemon: at `url`, else `MCP_VITALS_URL`, else the one of this machine, as its state directory says; with `token`,
 * else `MCP_VITALS_TOKEN`, else the token of the state directory, which goes nowhere but to this machine. Rejects where
 * there is none.
 */
export async function findDaemon(given: { readonly url?: string; readonly token?: string }): Promise<Target> {
  const { env } = process
  const base = new URL(given.url ?? env.MCP_VITALS_URL ?? (await announced()))
  const url = new URL(`${base.pathname.replace(/\/$/, '')}/v1/events`, base)
  const named = given.token ?? env.MCP_VITALS_TOKEN
  const token = named ?? (LOOPBACK.test(url.hostname) ? await readFile(join(stateDir(), 'token'), 'utf8') : '')
  return { url, token: token.trim() }
}

async function announced(): Promise<string> {
  const { url, pid } = JSON.parse(await readFile(join(stateDir(), 'daemon.json'), 'utf8')) as Record<string, unknown>
  if (typeof url !== 'string') throw new Error('no daemon says where it is')
  // One that was killed left its address, which may be another program's by now.
  if (!isAlive(Number(pid))) throw new Error('no daemon runs')
  return url
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** As the daemon has it: `MCP_VITALS_DATA`, else the platform's place for state. */
function stateDir(): string {
  const { env, platform } = process
  const home = homedir()
  const given = env.MCP_VITALS_DATA
  if (given) return given.replace(/^~(?=\/|$)/, home)
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'mcp-vitals')
  if (platform === 'win32') return join(env.LOCALAPPDATA || join(home, 'AppData', 'Local'), 'mcp-vitals')
  const xdg = env.XDG_STATE_HOME
  return join(xdg && isAbsolute(xdg) ? xdg : join(home, '.local', 'state'), 'mcp-vitals')
}
