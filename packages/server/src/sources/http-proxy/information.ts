import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { AnswerHead } from '../../http-client/index.js'

const CONTINUE = 100

/**
 * Passes an informational answer (1xx) on. `100 Continue` is left out: it answers what this side asked for itself. A
 * client of HTTP/1.0 knows none (RFC 9110, 15.2). Node has a way to send some of them; on the wire they are all alike.
 */
export function passInformation(res: ServerResponse, { status, message, rawHeaders }: AnswerHead): void {
  // Without a socket it is not this answer's turn yet.
  if (status === CONTINUE || res.headersSent || !res.socket || res.req.httpVersion === '1.0') return
  const lines = [`HTTP/1.1 ${status} ${message || (STATUS_CODES[status] ?? '')}`]
  for (let at = 0; at < rawHeaders.length; at += 2) lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`)
  res.socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
}
