/** What a command may use of the world: handed in, so that a test can be the person at the keyboard. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean }
  /** What was asked for. */
  readonly out: Output
  /** What the person should know beside it. */
  readonly err: Output
  readonly env: Readonly<Record<string, string | undefined>>
}

export type Output = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly fd?: number }

/** This process’s own. A reader that goes away (`| head`) ends nothing: what it does not read is not written. */
export function processTerminal(): Terminal {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  return { input: process.stdin, out: process.stdout, err: process.stderr, env: process.env }
}

/** Resolves when everything written so far has left this process, or cannot. */
export async function flushed({ out, err }: Terminal): Promise<void> {
  for (const stream of [out, err]) await new Promise<void>((resolve) => stream.write('', () => resolve()))
}

/** Whether somebody can be asked a question. */
export function hasPerson({ input, err }: Terminal): boolean {
  return input.isTTY === true && err.isTTY === true
}
