import { once } from 'node:events'
import { createInterface } from 'node:readline/promises'
import type { Config } from '../config/index.js'
import type { Terminal } from './terminal.js'

type Servers = Config['servers']

/** What would be started or called, one line a server, nothing left out and nothing able to draw on the terminal. */
export function describeServers(servers: Servers): string {
  return Object.entries(servers)
    .filter(([, { disabled }]) => !disabled)
    .map(([name, entry]) => `  ${visible(name)}: ${reach(entry)}\n`)
    .join('')
}

function reach(entry: Servers[string]): string {
  if ('command' in entry) return commandLine(entry)
  return 'url' in entry ? visible(entry.url) : `the plugins in ${visible(entry.plugins)}`
}

function commandLine({ command, args, env, cwd }: Extract<Servers[string], { command: string }>): string {
  const variables = Object.keys(env)
  const sets = variables.length > 0 ? `  (sets ${variables.map(visible).join(', ')})` : ''
  const where = cwd === undefined ? '' : `  (in ${visible(cwd)})`
  return [command, ...args].map(visible).join(' ') + where + sets
}

/** Plain words as they are; anything else quoted, with every character outside printable ASCII as an escape. */
export function visible(text: string): string {
  if (/^[\w@%+=:,./*-]+$/.test(text)) return text
  return JSON.stringify(text).replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** Asks a yes-or-no question. The end of the input, or anything but a yes, is a no. */
export async function confirm(question: string, { input, err }: Terminal): Promise<boolean> {
  const prompt = createInterface({ input, output: err })
  prompt.on('SIGINT', () => process.kill(process.pid, 'SIGINT'))
  try {
    const ended = once(prompt, 'close').then(() => '')
    const answer = await Promise.race([prompt.question(`${question} [y/N] `), ended])
    return /^y(es)?$/i.test(answer.trim())
  } finally {
    prompt.close()
  }
}
