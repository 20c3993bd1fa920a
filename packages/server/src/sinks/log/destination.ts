import type { Format } from './format.js'
import type { Line } from './lines.js'
import type { Target } from './target.js'

/** One place that gets every line. What goes wrong there stays there. */
export interface Destination {
  /** Resolves to nothing when the lines got out, else to why not. Never rejects. */
  write(lines: readonly Line[]): Promise<{ readonly error: unknown } | undefined>
  /** Lines lost so far. */
  readonly lost: number
  close(): Promise<void>
}

export interface DestinationSetup {
  /** In words: `standard output`, `file mcp.log`. */
  readonly name: string
  readonly target: Target & { close?: () => Promise<void> }
  readonly format: Format
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Told once when lines begin to be lost, with the code of the error. */
  readonly onTrouble?: (name: string, code: string) => void
}

/**
 * Writes batches in turn. Lines that cannot be written are lost and counted, and when writing works again a warning says
 * how many and why.
 */
export function createDestination({ name, target, format, now, onTrouble }: DestinationSetup): Destination {
  let tail: Promise<unknown> = Promise.resolve()
  let lost = 0
  let trouble: { count: number; code: string } | undefined

  async function attempt(lines: readonly Line[]): Promise<{ error: unknown } | undefined> {
    try {
      await target(lines.map(format).join(''))
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'ERROR'
      lost += lines.length
      const isNew = trouble === undefined
      trouble = { count: (trouble?.count ?? 0) + lines.length, code }
      if (isNew) onTrouble?.(name, code)
      return { error }
    }
    if (trouble) {
      const { count, code } = trouble
      trouble = undefined
      const message = `${count} lines were lost on ${name}: ${code}`
      const fields = { destination: name, lost: count, code }
      await attempt([{ source: 'own', level: 'warning', at: now(), event: 'log_recovered', message, fields }])
    }
    return undefined
  }

  return {
    write(lines) {
      const turn = tail.then(() => attempt(lines))
      tail = turn
      return turn
    },
    get lost() {
      return lost
    },
    async close() {
      await tail
      await target.close?.()
    },
  }
}
