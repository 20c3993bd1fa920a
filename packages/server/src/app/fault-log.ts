import type { Sink } from '@mcp-vitals/instrument/stream'
import type { Logger } from '../sinks/log/index.js'

/** Tells what goes wrong behind `publish` once, and once that it is over: a full disk fails at every batch. */
export interface FaultLog {
  failed(where: string, error: unknown): void
  /** The same sink, whose first success after a failure is told. */
  watched(sink: Sink): Sink
}

export function createFaultLog(logger: Pick<Logger, 'fault' | 'info'>): FaultLog {
  const failing = new Map<string, string>()
  return {
    failed(where, error) {
      const reason = error instanceof Error ? error.message : String(error)
      if (failing.get(where) === reason) return
      failing.set(where, reason)
      logger.fault('stream_fault', where, error)
    },
    watched: (sink) => ({
      ...sink,
      async write(batch) {
        await sink.write(batch)
        if (failing.delete(sink.name)) logger.info('stream_recovered', `${sink.name}: works again`)
      },
      close: () => sink.close(),
    }),
  }
}
