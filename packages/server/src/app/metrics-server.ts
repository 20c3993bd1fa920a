import type { Server } from 'node:http'
import type { Logger } from '../sinks/log/index.js'
import { listen } from './http.js'

/** Between an end that nobody asked for and the first new start; doubles with each start that fails. Milliseconds. */
const FIRST_RESTART_MS = 200
const LAST_RESTART_MS = 30_000

export interface MetricsServerOptions {
  /** Makes a server that does not listen yet: each start has one of its own. */
  readonly create: () => Server
  readonly host: string
  /** 0: the system chooses, once. */
  readonly port: number
  readonly logger: Logger
}

/** A server of its own for metrics. */
export interface MetricsServer {
  readonly port: number
  /** The one that listens now, or listened last. */
  readonly server: () => Server
  /** Ends it, and starts it on the same port of another address, as often as that takes. */
  move(host: string): void
  /** Ends it, and starts it again on the same port. Resolves when it listens; what cannot be had is tried as often as it takes. */
  again(): Promise<void>
  stop(): Promise<void>
}

/**
 * Listens, or rejects with PORT_IN_USE. A server that closes or fails afterwards is started again on the same port, as
 * often as it takes, until `stop`.
 */
export async function startMetricsServer({
  create,
  host: first,
  port: wanted,
  logger,
}: MetricsServerOptions): Promise<MetricsServer> {
  let server = create()
  let host = first
  let stopped = false
  let restarting: NodeJS.Timeout | undefined
  const awaiting = new Set<() => void>()
  const port = await listen(server, host, wanted)
  watch()

  function watch(): void {
    server.on('error', (error) => {
      logger.error('metrics_server_fault', `The metrics server failed: ${error.message}`)
      server.close()
    })
    server.once('close', () => {
      if (!stopped) restart(FIRST_RESTART_MS)
    })
  }

  function restart(delayMs: number): void {
    logger.warning('metrics_server_ended', `The metrics server on port ${port} ended and is started again`)
    restarting = setTimeout(async () => {
      server = create()
      try {
        await listen(server, host, port)
        watch()
        for (const tell of awaiting) tell()
        awaiting.clear()
      } catch {
        if (!stopped) restart(Math.min(2 * delayMs, LAST_RESTART_MS))
      }
      if (stopped) server.close()
    }, delayMs)
  }

  return {
    port,
    server: () => server,
    move(next) {
      if (next === host) return
      host = next
      server.close()
      server.closeAllConnections()
    },
    again() {
      if (stopped) return Promise.resolve()
      const listening = new Promise<void>((resolve) => awaiting.add(resolve))
      // One that is being started again already needs no second end.
      server.close()
      server.closeAllConnections()
      return listening
    },
    async stop() {
      stopped = true
      clearTimeout(restarting)
      if (!server.listening) return
      const closed = new Promise((resolve) => server.once('close', resolve))
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
