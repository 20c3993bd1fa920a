import type { Terminal } from './terminal.js'

/** What the commands work with. */
export interface Setting {
  readonly terminal: Terminal
  /** What `wrap`, `check` and `doctor` shall run: everything after `--`, as it was typed. */
  readonly wrapped: readonly string[]
  /** Told a command’s exit status, where it has one of its own. */
  readonly finish: (status: number) => void
}
