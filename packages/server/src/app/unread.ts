import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { MAX_HEAD_BYTES } from '../http-client/index.js'
import { SECURE_HEADERS } from './secured.js'

/** Told of each request that was refused before it could be read, by the status of its answer. */
export type OnUnread = (status: number) => void

type Answer = readonly [start: string, message: string]

/** By node:http's code of what is wrong. */
const ANSWERS: Readonly<Record<string, Answer>> = {
  HPE_HEADER_OVERFLOW: [
    '431 Request Header Fields Too Large',
    `Refused: the head of the request, its first line and its headers, has more than ${MAX_HEAD_BYTES} bytes.`,
  ],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ['413 Payload Too Large', 'Refused: the chunks of the body have too long extensions.'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'Timed out: the request did not come whole in time.'],
}
const NO_REQUEST: Answer = ['400 Bad Request', 'Bad Request: what was sent is no request of HTTP/1.1.']

/**
 * How long the rest of what is refused is read and thrown away, so that its sender comes to read why: bytes that nobody takes
 * would reset the connection, and the answer with it (RFC 9112, 9.6). Milliseconds.
 */
const LINGER_MS = 1_000

/**
 * Has what no request can be read of refused in words, where node:http says a status alone, and told of. The connection
 * ends, as it does with node:http by itself. Nothing is said into an answer that has begun.
 */
export function answerUnread(server: Server, onUnread: OnUnread): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // It is being refused: this is about the rest.
    if (socket.writableEnded) return
    const answer = error.code?.startsWith('HPE_') ? (ANSWERS[error.code] ?? NO_REQUEST) : ANSWERS[error.code ?? '']
    const { _httpMessage: underWay } = socket as Socket & { readonly _httpMessage?: ServerResponse | null }
    if (answer === undefined || !socket.writable || underWay?.headersSent) {
      socket.destroy(error)
      return
    }
    onUnread(Number(answer[0].slice(0, 3)))
    socket.end(answerOf(answer))
    const over = setTimeout(() => socket.destroy(), LINGER_MS).unref()
    socket.once('end', () => socket.destroy())
    socket.once('close', () => clearTimeout(over))
  })
}

function answerOf([start, message]: Answer): string {
  const body = JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32000, message } })
  const headers = Object.entries({
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...SECURE_HEADERS,
    connection: 'close',
  })
  return `HTTP/1.1 ${start}\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`
}
