import type { IncomingMessage, ServerResponse } from 'node:http'
import { event } from '@mcp-vitals/instrument/event'
import type { Publish } from '@mcp-vitals/instrument/stream'
import { headerOf } from './http-headers.js'

/** Status in the events for a client that left before it was answered. */
const CLIENT_LEFT = 499

/** One HTTP request to the gateway and its answer, with what the `http` event counts. */
export interface Exchange {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  /** A header's one value; `name` in lower case. */
  header(name: string): string | undefined
  /** Bytes of body so far. Who reads or writes them adds them up. */
  requestBytes: number
  responseBytes: number
  /** Pseudonym of the session it belongs to, once known. */
  session?: string
  /** A stream that ends when its reader leaves: a stop need not wait for it, and it has no duration. */
  endless: boolean
  /** Whether somebody still waits for something here. Without it, somebody does until the exchange is closed. */
  isAwaited?: () => boolean
  /** Its own answer has passed. What follows on the same stream is no part of its duration. */
  answered(): void
}

export interface ExchangeOptions {
  /** Undefined where the path names no server that there is. */
  readonly server: string | undefined
  readonly publish: Publish
  readonly now: () => number
  readonly clock: () => number
}

/** Follows one exchange to its end, and then publishes its `http` event. */
export function beginExchange(req: IncomingMessage, res: ServerResponse, options: ExchangeOptions): Exchange {
  const { server, publish, now, clock } = options
  const began = clock()
  let answeredAt: number | undefined
  const exchange: Exchange = {
    req,
    res,
    header: (name) => headerOf(req.headers, name),
    requestBytes: 0,
    responseBytes: 0,
    endless: req.method === 'GET',
    answered() {
      answeredAt ??= clock()
    },
  }
  res.once('close', () => {
    const { session, requestBytes, responseBytes, endless } = exchange
    const durationMs = Math.max(0, (answeredAt ?? clock()) - began)
    publish(
      event(
        'http',
        now(),
        { server: server ?? 'mcp-vitals', ...(session && { session }), transport: 'http' },
        {
          method: (req.method ?? '').slice(0, 16),
          path: `/mcp/${server ?? 'unknown'}`.slice(0, 128),
          status: res.headersSent ? res.statusCode : CLIENT_LEFT,
          ...(!endless && { durationMs }),
          requestBytes,
          responseBytes,
        },
      ),
    )
  })
  return exchange
}
