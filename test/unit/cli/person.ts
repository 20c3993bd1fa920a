import { PassThrough } from 'node:stream'
import { run } from '../../../packages/server/src/cli/run.js'
import type { Terminal } from '../../../packages/server/src/cli/terminal.js'

/** Somebody at a keyboard (or nobody, without a terminal), who runs one command line in this process. */
export interface Person {
  readonly status: Promise<number>
  /** What stands on standard output and standard error. */
  seen(): { readonly out: string; readonly err: string }
  types(text: string): void
}

export function person(
  args: readonly string[],
  { isTTY = false, env = {} }: { isTTY?: boolean; env?: Record<string, string> } = {},
): Person {
  const streams = { input: new PassThrough(), out: new PassThrough(), err: new PassThrough() }
  for (const stream of Object.values(streams)) Object.assign(stream, { isTTY })
  const text = { out: '', err: '' }
  for (const name of ['out', 'err'] as const)
    streams[name].setEncoding('utf8').on('data', (part: string) => {
      text[name] += part
    })
  const terminal: Terminal = { ...streams, env, flushed: () => new Promise((resolve) => setImmediate(resolve)) }
  return { status: run(args, terminal), seen: () => ({ ...text }), types: (typed) => void streams.input.write(typed) }
}
