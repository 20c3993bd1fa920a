import { event } from '@mcp-vitals/instrument/event'
import type { ServerContext } from './context.js'

/** Junk lines of one window that are told one by one; those beyond are told in sum at its end. */
const SINGLE_LINES = 20
/** Junk lines of one window after which the process is not read on before the next: it must starve no other server. */
const PAUSE_AFTER_LINES = 1000
const WINDOW_MS = 1000

/** Meters what one process prints that is no message. */
export interface JunkMeter {
  /** Counts one line. True where it shall be told by itself. */
  take(sizeBytes: number): boolean
  /** Tells what is not told yet. */
  close(): void
}

/** `onFlood` is told to stop reading where it is too much, and to go on afterwards. */
export function createJunkMeter(context: ServerContext, onFlood: (flooding: boolean) => void): JunkMeter {
  const { publish, now, server, counters } = context
  let lines = 0
  let untoldLines = 0
  let untoldBytes = 0
  let timer: NodeJS.Timeout | undefined

  function close(): void {
    clearTimeout(timer)
    timer = undefined
    if (untoldLines > 0) {
      const fields = {
        direction: 'server_to_client',
        reason: 'flood',
        sizeBytes: untoldBytes,
        count: untoldLines,
      } as const
      publish(event('unreadable', now(), { server, transport: 'http' }, fields))
    }
    const flooding = lines > PAUSE_AFTER_LINES
    lines = untoldLines = untoldBytes = 0
    if (flooding) onFlood(false)
  }

  return {
    take(sizeBytes) {
      counters.junkLines++
      timer ??= setTimeout(close, WINDOW_MS).unref()
      if (++lines === PAUSE_AFTER_LINES + 1) onFlood(true)
      if (lines <= SINGLE_LINES) return true
      untoldLines++
      untoldBytes += sizeBytes
      return false
    },
    close,
  }
}
