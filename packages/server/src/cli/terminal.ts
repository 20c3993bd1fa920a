/** What a command may use of the world: handed in, so that a test can be the person at the keyboard. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean }
  /** What was asked for. */
  readonly out: Output
  /** What the person should know beside it. */
  readonly err: Output
  readonly env: Readonly<Record<string, string | undefined>>
  /** Resolves when everything written so far has left this process, or cannot. */
  flushed(): Promise<void>
}

export type Output = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly fd?: number }

/**
 * This process’s own, each stream opened when it is first used: `wrap` hands them to the client and the server and must
 * find them untouched. A reader that goes away (`| head`) ends nothing: what it does not read is not written.
 */
export function processTerminal(): Terminal {
  const used = new Set<Output>()
  const opened = (stream: Output): Output => {
    if (!used.has(stream)) stream.on('error', () => {})
    used.add(stream)
    return stream
  }
  return {
    get input() {
      return process.stdin
    },
    get out() {
      return opened(process.stdout)
    },
    get err() {
      return opened(process.stderr)
    },
    env: process.env,
    async flushed() {
      for (const stream of used) await new Promise<void>((resolve) => stream.write('', () => resolve()))
    },
  }
}

/** Whether somebody can be asked a question. */
export function hasPerson({ input, err }: Terminal): boolean {
  return input.isTTY === true && err.isTTY === true
}
