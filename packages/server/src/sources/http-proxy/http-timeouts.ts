import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http'
import { TLSSocket } from 'node:tls'

/** A server took longer than the configuration allows: to take the connection, to begin its answer, or to go on with it. */
export class TimeOut extends Error {
  readonly kind: 'connect' | 'answer' | 'silence'

  constructor(kind: TimeOut['kind']) {
    super(`${kind} time-out`)
    this.kind = kind
  }
}

/** Fails the request where its connection (and TLS session) is not there after `timeoutMs`; else tells that it is. */
export function limitConnecting(upstream: ClientRequest, timeoutMs: number, onConnected: () => void): void {
  upstream.once('socket', (socket) => {
    if (!socket.connecting) {
      onConnected()
      return
    }
    const timer = setTimeout(() => upstream.destroy(new TimeOut('connect')), timeoutMs)
    timer.unref()
    upstream.once('close', () => clearTimeout(timer))
    socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', () => {
      clearTimeout(timer)
      onConnected()
    })
  })
}

/**
 * Fails the request where no answer begins within `timeoutMs` of its last byte, or where the server takes none of it for
 * so long; no limit where undefined. While its sender is the slow one, the server is not blamed. Gives what is to be
 * called after each piece that was sent.
 */
export function limitAnswering(upstream: ClientRequest, timeoutMs: number | undefined): () => void {
  if (timeoutMs === undefined) return () => {}
  const timer = setTimeout(() => {
    if (upstream.writableEnded || upstream.writableNeedDrain) upstream.destroy(new TimeOut('answer'))
    else timer.refresh()
  }, timeoutMs)
  timer.unref()
  let isOver = false
  // A timer that was cleared would run again.
  const goOn = () => {
    if (!isOver) timer.refresh()
  }
  const over = () => {
    isOver = true
    clearTimeout(timer)
  }
  upstream.on('drain', goOn).once('finish', goOn).once('response', over).once('close', over)
  return goOn
}

/**
 * Cuts an answer of which nothing came for `timeoutMs`; no limit where undefined. While its reader is the slow one, the
 * server is not blamed.
 */
export function limitSilence(answer: IncomingMessage, reader: ServerResponse, timeoutMs: number | undefined): void {
  if (timeoutMs === undefined) return
  const timer = setTimeout(() => {
    if (reader.writableNeedDrain) timer.refresh()
    else answer.destroy(new TimeOut('silence'))
  }, timeoutMs)
  timer.unref()
  answer.on('data', () => timer.refresh())
  answer.once('close', () => clearTimeout(timer))
}
