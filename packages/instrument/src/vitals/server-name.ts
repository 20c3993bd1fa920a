import { vitals } from './hub.js'

/** Names of files that say nothing: their directory says more. */
const PLAIN_FILE = /^(main|server|app|index|cli|src|dist|build|bin|run)$/

/** Name of the server where nothing else names it: what the program gave, `MCP_VITALS_SERVER`, or the program's own. */
export function serverName(): string {
  return vitals().server ?? programName()
}

/** `MCP_VITALS_SERVER`, else the name of the program's file, else of its directory; `server` where there is none. */
function programName(): string {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined>; argv?: string[] } }
  try {
    const given = process?.env?.MCP_VITALS_SERVER
    if (given) return given.slice(0, 128)
    const parts = (process?.argv?.[1] ?? '').split(/[/\\]/).map((part) => part.replace(/\.[cm]?[jt]sx?$/, ''))
    const name = parts.filter((part) => part !== '' && !PLAIN_FILE.test(part)).at(-1) ?? 'server'
    return name.replace(/[^\w.@-]/g, '_').slice(0, 64)
  } catch {
    return 'server'
  }
}
