import { basename, dirname, extname } from 'node:path'

/** Programs that run a package by its name. */
const PACKAGE_RUNNERS = new Set(['npx', 'bunx', 'pnpx', 'uvx'])
/** Programs that run a file. */
const INTERPRETERS = new Set(['node', 'bun', 'deno', 'python', 'python3', 'tsx'])
/** Files that say nothing: the directory above says more. */
const PLAIN_FILES = new Set(['index', 'main', 'server', 'cli', 'dist', 'build', 'src', 'lib', 'bin', '__main__'])
const PACKAGE = /^(?:@[\w.-]+\/)?([\w.-]+)(?:@[\w.^~*-]+)?$/

/**
 * A name for a server that was given none, out of its command line: the package that a runner runs, the file that an
 * interpreter runs, else the command. Other arguments are never read, for they may hold secrets.
 */
export function serverName(command: string, args: readonly string[]): string {
  const program = stem(command)
  const first = args.find((argument) => !argument.startsWith('-'))
  const found = first === undefined ? undefined : nameIn(program, first)
  return (found || program || 'server').replace(/[^\w.@-]/g, '_').slice(0, 64)
}

function nameIn(program: string, argument: string): string | undefined {
  if (PACKAGE_RUNNERS.has(program)) return PACKAGE.exec(argument)?.[1]
  if (!INTERPRETERS.has(program) || !/[\\/]|\.[cm]?[jt]s$|\.py$/.test(argument)) return undefined
  let path = argument
  while (PLAIN_FILES.has(stem(path)) && dirname(path) !== path && stem(dirname(path)) !== '') path = dirname(path)
  return stem(path)
}

function stem(path: string): string {
  return basename(path, extname(path))
}
