import { once } from 'node:events'
import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { CheckFailure } from './check.js'

/** Where something listens. */
export interface Place {
  readonly host: string
  readonly port: number
}

/** Most bytes of an answer that are kept while it is not whole. */
const ANSWER_LIMIT_BYTES = 16_384

/** Uses a stream and destroys it afterwards, whatever comes; at once when `signal` is aborted. */
export async function holding<S extends Socket, T>(
  socket: S,
  signal: AbortSignal,
  use: (socket: S) => Promise<T>,
): Promise<T> {
  const letGo = () => socket.destroy()
  // An error after the last listener left would end the process.
  socket.on('error', () => {})
  signal.addEventListener('abort', letGo, { once: true })
  try {
    signal.throwIfAborted()
    return await use(socket)
  } finally {
    signal.removeEventListener('abort', letGo)
    letGo()
  }
}

/** Opens a connection for the time of `use`. */
export function connected<T>(
  { host, port }: Place,
  signal: AbortSignal,
  use: (socket: Socket) => Promise<T>,
): Promise<T> {
  return holding(connect({ host, port }), signal, async (socket) => {
    await once(socket, 'connect', { signal })
    return use(socket)
  })
}

/** Puts TLS on a connection for the time of `use`. `verify`: whether the certificate must be good. */
export function secured<T>(
  socket: Socket,
  { host, verify, protocol }: { readonly host: string; readonly verify: boolean; readonly protocol?: string },
  signal: AbortSignal,
  use: (socket: TLSSocket) => Promise<T>,
): Promise<T> {
  const name = isIP(host) ? {} : { servername: host }
  const ALPNProtocols = protocol === undefined ? {} : { ALPNProtocols: [protocol] }
  const tls = connectTls({ socket, host, rejectUnauthorized: verify, ...name, ...ALPNProtocols })
  return holding(tls, signal, async (inner) => {
    await once(inner, 'secureConnect', { signal })
    return use(inner)
  })
}

/**
 * Reads until `parse` makes something of the bytes so far. Rejects when the other side closes before, or when 16 KiB
 * were not enough.
 */
export async function answerOf<T>(
  socket: Socket,
  signal: AbortSignal,
  parse: (bytes: Buffer) => T | undefined,
): Promise<T> {
  let bytes = Buffer.alloc(0)
  for (;;) {
    const chunk: Buffer | null = socket.read()
    if (chunk === null) {
      if (socket.readableEnded || socket.destroyed) throw new CheckFailure('connection_closed')
      await changed(socket, signal)
      continue
    }
    bytes = Buffer.concat([bytes, chunk])
    const parsed = parse(bytes)
    if (parsed !== undefined) return parsed
    if (bytes.length > ANSWER_LIMIT_BYTES) throw new CheckFailure('invalid_answer')
  }
}

/** Resolves when there may be something to read; rejects with the connection's error. */
async function changed(socket: Socket, signal: AbortSignal): Promise<void> {
  const settled = new AbortController()
  const either = AbortSignal.any([signal, settled.signal])
  try {
    await Promise.race(['readable', 'end', 'close'].map((event) => once(socket, event, { signal: either })))
  } finally {
    settled.abort()
  }
}

/** Host and port of an address; square brackets of IPv6 taken off. */
export function placeOf(url: URL, defaultPort: number): Place {
  return { host: url.hostname.replace(/^\[|\]$/g, '') || 'localhost', port: Number(url.port) || defaultPort }
}
