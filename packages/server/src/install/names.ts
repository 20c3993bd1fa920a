import { basename } from 'node:path'

/** Longest name of a server. */
const MAX_LENGTH = 128

/**
 * A client’s name for a server as one that our configuration, addresses and labels take: none of `/ \ ? # %`, no control
 * character, none of the few names that mean something else, no dash in front, which is an option’s.
 */
export function usableName(name: string): string {
  const plain = [...name.replace(/[\p{Cc}/\\?#%]/gu, '-')].slice(0, MAX_LENGTH).join('').slice(0, MAX_LENGTH)
  return /^(?:(?:mcp-vitals|__proto__|\.{0,2})$|-)/.test(plain) ? `server-${plain}` : plain
}

/** Programs that Windows has as `.cmd` files: these run by its shell alone. */
const SHIMS = new Set(['npx', 'npm', 'pnpm', 'pnpx', 'yarn', 'yarnpkg', 'bunx'])

export function needsWindowsShell(command: string): boolean {
  return /\.(?:cmd|bat)$/i.test(command) || SHIMS.has(basename(command.replaceAll('\\', '/')).toLowerCase())
}
