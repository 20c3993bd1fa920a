import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Exchange } from './exchange.js'

/** How often an open stream gets a comment, so that nobody between takes it for dead, and a dead reader is found out. */
const KEEP_ALIVE_MS = 15_000
const KEEP_ALIVE = Buffer.from(': keep-alive\n\n')
const BEFORE = Buffer.from('event: message\ndata: ')
const AFTER = Buffer.from('\n\n')

/** An open server-sent event stream to a client. */
export interface EventStream {
  /** Sends one message, which is one line of JSON. */
  send(message: Buffer): void
  end(): void
}

/** What every event stream says of itself: no cache, and no buffering in a reverse proxy. */
const STREAM_HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
}

/** Begins the answer as an event stream; its headers leave at once. */
export function openEventStream(exchange: Exchange, headers: OutgoingHttpHeaders = {}): EventStream {
  const { res } = exchange
  const write = (bytes: Buffer) => {
    if (res.writableEnded || res.destroyed) return
    exchange.responseBytes += bytes.length
    res.write(bytes)
  }
  res.writeHead(200, { ...headers, ...STREAM_HEADERS })
  res.flushHeaders()
  const keepAlive = setInterval(() => write(KEEP_ALIVE), KEEP_ALIVE_MS)
  keepAlive.unref()
  res.once('close', () => clearInterval(keepAlive))
  return {
    send: (message) => write(Buffer.concat([BEFORE, message, AFTER])),
    end: () => res.end(),
  }
}

/** True while the client reads more slowly than the server writes: the server's output should wait. */
export function congested(res: ServerResponse): boolean {
  return res.writableNeedDrain && !res.destroyed
}

/** What a client takes, by its Accept header; none, or a wildcard, is both. */
export function acceptOf(header: string | undefined): { readonly json: boolean; readonly events: boolean } {
  const accepted = header ?? '*/*'
  const any = accepted.includes('*/*')
  return {
    json: any || /application\/(json|\*)/i.test(accepted),
    events: any || /text\/(event-stream|\*)/i.test(accepted),
  }
}
