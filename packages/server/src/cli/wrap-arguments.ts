import type { WrapArguments } from './wrap.js'

/**
 * Reads the usual command lines of `wrap`, which are what clients’ configurations hold, without the parser of all
 * commands: that costs 4 MB and 20 ms in a process that stands beside every server. Nothing where the line is another
 * one, or not right: the parser then says what is wrong.
 */
export function usualWrap(args: readonly string[]): WrapArguments | undefined {
  const end = args.indexOf('--')
  const [command, ...rest] = end < 0 ? [] : args.slice(end + 1)
  if (args[0] !== 'wrap' || command === undefined) return undefined
  const given: { name?: string; dataDir?: string } = {}
  for (let at = 1; at < end; at += 2) {
    const [key, value] = [KEYS[args[at]!], args[at + 1]!]
    if (key === undefined || at + 1 === end || value === '' || value.startsWith('-') || key in given) return undefined
    given[key] = value
  }
  return { ...given, command, args: rest }
}

const KEYS: Readonly<Record<string, 'name' | 'dataDir'>> = { '--name': 'name', '-n': 'name', '--data': 'dataDir' }
