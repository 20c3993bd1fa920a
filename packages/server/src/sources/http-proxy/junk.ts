/** Junk lines of one window after which the process is not read on before the next: it must starve no other server. */
const PAUSE_AFTER_LINES = 1000
const WINDOW_MS = 1000

/**
 * Meters what one process prints that is no message: call the result for each line. `onFlood` is told to stop reading
 * where it is too much, and to go on afterwards.
 */
export function createJunkMeter(onFlood: (flooding: boolean) => void): () => void {
  let lines = 0

  function close(): void {
    const flooding = lines > PAUSE_AFTER_LINES
    lines = 0
    if (flooding) onFlood(false)
  }

  return () => {
    if (lines === 0) setTimeout(close, WINDOW_MS).unref()
    if (++lines === PAUSE_AFTER_LINES + 1) onFlood(true)
  }
}
