import type { Exchange } from './exchange.js'
import { CODES, type Refusal } from './respond.js'

/**
 * Reads a whole request body. Resolves to a refusal where it is too large (the rest is read and forgotten) or of another type than
 * JSON, and to undefined where the client left before its end.
 */
export function readBody(exchange: Exchange, maxBytes: number): Promise<Buffer | Refusal | undefined> {
  const { req } = exchange
  const type = exchange.header('content-type')
  if (!/^application\/json\s*(;|$)/i.test(type ?? ''))
    return Promise.resolve({
      status: 415,
      code: CODES.transport,
      message: 'Unsupported Media Type: the Content-Type must be application/json.',
    })
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => {
      exchange.requestBytes += chunk.length
      if (exchange.requestBytes <= maxBytes) {
        chunks.push(chunk)
        return
      }
      chunks.length = 0
      resolve({
        status: 413,
        code: CODES.transport,
        message: `Payload Too Large: a body may have at most ${maxBytes} bytes.`,
      })
    })
    req.once('end', () => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)))
    req.once('close', () => resolve(undefined))
    req.once('error', () => resolve(undefined))
  })
}
