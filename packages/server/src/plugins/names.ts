import { createHash } from 'node:crypto'
import type { Command, Plugin } from './contract.js'

/** Longest name of a tool that clients take. */
const MAX_NAME = 64
/** What a name of a tool is made of, beside the separator. Everything else becomes `_`. */
const OTHER = /[^A-Za-z0-9_-]/g

/** A command by the name that clients call. */
export interface Tool {
  readonly name: string
  readonly plugin: Plugin
  readonly command: Command
}

/**
 * Names every command `<plugin><separator><command>`, with the groups that it is in between them. What no client takes is replaced, what is too long is cut, and where
 * two would be called the same, or one was cut, the name ends in eight digits of a hash of what it stands for: the same
 * folder gives the same names each time, whatever lies beside it. The order of the result is the plugins'.
 */
export function nameTools(plugins: readonly Plugin[], separator: string): ReadonlyMap<string, Tool> {
  const entries = plugins.flatMap((plugin) => plugin.commands.map((command) => ({ plugin, command })))
  const plain = entries.map(({ plugin, command }) =>
    [plugin.name, ...command.name.split(' ')].map(clean).join(separator),
  )
  const uses = new Map<string, number>()
  for (const name of plain) uses.set(name, (uses.get(name) ?? 0) + 1)
  const tools = new Map<string, Tool>()
  for (const [at, { plugin, command }] of entries.entries()) {
    const short = plain[at]!
    const isPlain = short.length <= MAX_NAME && uses.get(short) === 1
    const name = isPlain ? short : `${short.slice(0, MAX_NAME - 9)}_${digits(plugin.name, command.name)}`
    tools.set(name, { name, plugin, command })
  }
  return tools
}

function clean(name: string): string {
  return name.replace(OTHER, '_')
}

function digits(...names: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(names)).digest('hex').slice(0, 8)
}
