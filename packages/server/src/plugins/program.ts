import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Problem } from './contract.js'

/** What a folder is started with, or why it is not. */
export type Started =
  | { readonly program: readonly string[]; readonly file: string }
  | { readonly problem: Problem; readonly reason: string }

/** The files that make a folder a plugin; the first one that there is counts. */
export const PROGRAMS = ['cli.py', 'cli.js', 'cli.mjs', 'cli.ts', 'cli.sh', 'cli'] as const

/** Finds what a folder is started with. `path`: the PATH in which programs are looked up. */
export function programIn(folder: string, path: string): Started {
  const name = PROGRAMS.find((file) => isFile(join(folder, file)))
  if (name === undefined)
    return { problem: 'no_program', reason: `it has none of ${PROGRAMS.join(', ')} and no plugin.json` }
  const file = join(folder, name)
  const needs = (interpreter: string | undefined, what: string, ...options: readonly string[]): Started =>
    interpreter === undefined
      ? { problem: 'no_interpreter', reason: `there is no ${what} to run its ${name} with` }
      : { program: [interpreter, ...options, file], file }
  switch (name) {
    case 'cli.py':
      return needs(ownPython(folder) ?? found('python3', path), 'python3')
    case 'cli.js':
    case 'cli.mjs':
      return { program: [process.execPath, file], file }
    case 'cli.ts':
      return needs(typescript(folder, path), 'Node that reads TypeScript (22.18 or newer), and no tsx,')
    case 'cli.sh':
      return isExecutable(file) ? { program: [file], file } : needs(found('sh', path), 'sh')
    case 'cli':
      return isExecutable(file)
        ? { program: [file], file }
        : { problem: 'no_program', reason: 'its cli is not executable (chmod +x)' }
  }
}

/** A program of this name in `path`. */
export function found(name: string, path: string): string | undefined {
  return path
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((file) => isFile(file) && isExecutable(file))
}

/** A virtual environment beside the program has the packages that it needs. */
function ownPython(folder: string): string | undefined {
  return ['.venv', 'venv'].map((name) => join(folder, name, 'bin/python')).find(isExecutable)
}

function typescript(folder: string, path: string): string | undefined {
  const features = process.features as { typescript?: unknown }
  if (features.typescript) return process.execPath
  const own = join(folder, 'node_modules/.bin/tsx')
  return isExecutable(own) ? own : found('tsx', path)
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
