import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Exchange } from './exchange.js'

const KEEP_ALIVE = Buffer.from(': keep-alive\n\n')
const BEFORE = Buffer.from('event: message\ndata: ')
const AFTER = Buffer.from('\n\n')

/** A server-sent event stream to a client. */
export interface EventStream {
  /** The exchange whose connection it has. */
  readonly exchange: Exchange
  /** True where it outlives its connection. */
  readonly isResumable: boolean
  /** Sends one message, which is one line of JSON. */
  send(message: Buffer): void
  end(): void
}

/** A stream that is one connection. */
export interface WireStream extends EventStream {
  /** `id`: what its reader may name to get what comes after it. */
  send(message: Buffer, id?: string): void
  /** Sends an event without data: where to begin again, and how long to wait before, milliseconds. */
  prime(id: string, retryMs: number): void
}

/** True while something can be written to the answer of this exchange. */
export function isConnected({ res }: Exchange): boolean {
  return !res.destroyed && !res.writableEnded
}

/** What every event stream says of itself: no cache, and no buffering in a reverse proxy. */
const STREAM_HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
}

/**
 * Begins the answer as an event stream; its headers leave at once. A comment passes where nothing else did for
 * `keepAliveMs`, so that nobody between takes it for dead, and a dead reader is found out.
 */
export function openEventStream(exchange: Exchange, headers: OutgoingHttpHeaders = {}): WireStream {
  const { res } = exchange
  const write = (bytes: Buffer) => {
    if (!isConnected(exchange)) return
    keepAlive.refresh()
    exchange.responseBytes += bytes.length
    res.write(bytes)
  }
  const keepAlive = setTimeout(() => write(KEEP_ALIVE), exchange.keepAliveMs)
  keepAlive.unref()
  res.once('close', () => clearTimeout(keepAlive))
  res.writeHead(200, { ...headers, ...STREAM_HEADERS })
  res.flushHeaders()
  return {
    exchange,
    isResumable: false,
    send: (message, id) =>
      write(Buffer.concat([...(id === undefined ? [] : [Buffer.from(`id: ${id}\n`)]), BEFORE, message, AFTER])),
    prime: (id, retryMs) => write(Buffer.from(`id: ${id}\nretry: ${retryMs}\ndata: \n\n`)),
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
