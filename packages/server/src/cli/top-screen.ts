import type { ReadStream, WriteStream } from 'node:tty'
import { type Drawn, frameOf, type Size } from '../top/index.js'

export type TtyInput = Pick<ReadStream, 'setRawMode' | 'setEncoding' | 'on' | 'off' | 'pause' | 'resume'>
export type TtyOutput = Pick<WriteStream, 'write' | 'columns' | 'rows' | 'on' | 'off'>

/** Control sequences of xterm, which every terminal of today knows. */
const ENTER = '\u001b[?1049h\u001b[?25l'
const LEAVE = '\u001b[?25h\u001b[?1049l'
const CLEAR = '\u001b[2J'
/** A terminal that knows these shows what stands between them at once. */
const BEGIN = '\u001b[?2026h'
const END = '\u001b[?2026l'
/** What a terminal has that does not say. */
const USUAL_SIZE: Size = { columns: 80, rows: 24 }

/** The whole terminal, as long as it is open. What was on it comes back at the end, however that comes. */
export interface Screen {
  size(): Size
  /** Draws the lines that differ from those that are there: nothing flickers. */
  draw(drawn: Drawn): void
  onResize(listener: () => void): void
  /** Gives the terminal back and stops this process, as Ctrl-Z does; goes on when it is continued. */
  suspend(): void
  close(): void
}

export function openScreen(out: TtyOutput, input: TtyInput, isColoured: boolean): Screen {
  let shown: readonly string[] = []
  let last: Drawn | undefined
  let resized = () => {}
  const size = (): Size => ({
    columns: out.columns > 0 ? out.columns : USUAL_SIZE.columns,
    rows: out.rows > 0 ? out.rows : USUAL_SIZE.rows,
  })
  const enter = () => {
    input.setRawMode(true)
    input.resume()
    out.write(ENTER + CLEAR)
    shown = []
  }
  const leave = () => {
    out.write(LEAVE)
    input.setRawMode(false)
    input.pause()
  }
  const draw = (drawn: Drawn) => {
    last = drawn
    const lines = frameOf(drawn, size(), isColoured)
    const changed = lines.flatMap((line, at) => (line === shown[at] ? [] : [`\u001b[${at + 1};1H${line}\u001b[K`]))
    shown = lines
    if (changed.length > 0) out.write(BEGIN + changed.join('') + END)
  }
  const onResize = () => {
    out.write(CLEAR)
    shown = []
    resized()
  }
  const onContinue = () => {
    enter()
    if (last) draw(last)
  }
  enter()
  process.on('exit', leave)
  process.on('SIGCONT', onContinue)
  out.on('resize', onResize)
  return {
    size,
    draw,
    onResize(listener) {
      resized = listener
    },
    suspend() {
      leave()
      process.kill(process.pid, 'SIGSTOP')
    },
    close() {
      process.off('exit', leave)
      process.off('SIGCONT', onContinue)
      out.off('resize', onResize)
      leave()
    },
  }
}
