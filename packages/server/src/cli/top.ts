import { setTimeout as sleep } from 'node:timers/promises'
import { VitalsError } from '../errors/index.js'
import {
  clean,
  type Drawn,
  firstState,
  keysIn,
  pageOf,
  pressed,
  rowsOf,
  type Snapshot,
  type TopState,
  type Trouble,
  tableOf,
  type View,
} from '../top/index.js'
import type { AskFlags } from './ask.js'
import { STATUS } from './report.js'
import { onStopSignal } from './signals.js'
import type { Terminal } from './terminal.js'
import { openScreen, type TtyInput, type TtyOutput } from './top-screen.js'
import { createTopSource, type TopSource } from './top-source.js'

/** What the command line gave to `top`. */
export interface TopFlags extends AskFlags {
  readonly view: View
  readonly sort?: string
  readonly filter?: string
  /** Seconds. */
  readonly interval: number
  readonly once?: boolean
}

/** Shows what goes on, until a key or a signal ends it; once, as a table, where there is no terminal. Resolves to the exit status. */
export async function top(flags: TopFlags, terminal: Terminal): Promise<number> {
  const source = createTopSource(flags, terminal.env)
  const state = firstState(flags)
  const { input, out } = terminal
  if (flags.once || out.isTTY !== true || input.isTTY !== true) {
    const snapshot = await source.look(new AbortController().signal)
    out.write(tableOf({ state, snapshot }))
    return STATUS.ok
  }
  return live(state, source, flags.interval * 1000, terminal)
}

async function live(first: TopState, source: TopSource, intervalMs: number, terminal: Terminal): Promise<number> {
  const input = terminal.input as unknown as TtyInput
  const screen = openScreen(terminal.out as unknown as TtyOutput, input, (terminal.env.NO_COLOR ?? '') === '')
  const stop = new AbortController()
  const signals = onStopSignal()
  void signals.stopped.then(() => stop.abort())
  let state = first
  let snapshot: Snapshot | undefined
  let trouble: Trouble | undefined
  const drawn = (): Drawn => ({ state, snapshot, trouble, nowMs: Date.now() })
  const draw = () => screen.draw(drawn())
  const onInput = (text: string) => {
    for (const key of keysIn(text)) {
      state = pressed(state, key, { page: pageOf(screen.size()), rows: rowsOf(drawn()).length })
      if (state.isOver) return stop.abort()
      if (key === SUSPEND) screen.suspend()
    }
    draw()
  }
  screen.onResize(draw)
  input.setEncoding('utf8').on('data', onInput)
  try {
    draw()
    while (!stop.signal.aborted) {
      if (!state.isPaused || snapshot === undefined) {
        const found = await source.look(stop.signal).catch((error: unknown) => error)
        if (stop.signal.aborted) break
        // To ask again and again without a token would be an attempt each time, and raise alerts there.
        if (found instanceof VitalsError && found.code === 'DAEMON_LOCKED') throw found
        if (isSnapshot(found)) [snapshot, trouble] = [found, undefined]
        else trouble = { words: wordsOf(found), sinceMs: trouble?.sinceMs ?? Date.now() }
      }
      draw()
      await sleep(intervalMs, undefined, { signal: stop.signal }).catch(() => {})
    }
    return STATUS.ok
  } finally {
    input.off('data', onInput)
    signals.forget()
    screen.close()
  }
}

/** Ctrl-Z, which is a key and no signal while keys are read one by one. */
const SUSPEND = '\u001a'

const isSnapshot = (found: unknown): found is Snapshot => typeof found === 'object' && found !== null && 'rows' in found

/** What keeps it from looking, on one line. Faults of our own are shown too: the screen must not go still unexplained. */
function wordsOf(error: unknown): string {
  return clean(
    (error instanceof VitalsError || error instanceof Error ? error.message : String(error)).split('\n', 1)[0]!,
  )
}
