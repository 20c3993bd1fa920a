import type { Socket } from 'node:net'
import { CheckFailure, type Probe } from '../check.js'
import { answerOf, connected, placeOf, secured } from '../socket.js'
import type { RedisOptions } from './options.js'

const DEFAULT_PORT = 6379
/** PING in the Redis protocol (RESP 2): an array of one string. */
const PING = '*1\r\n$4\r\nPING\r\n'
/** Errors that only say who we are not: the server works. */
const REFUSES_US: ReadonlySet<string> = new Set(['NOAUTH', 'NOPERM', 'WRONGPASS'])
/** Errors that say why the server cannot be used now; any other is `ERR`. */
const NOT_READY: ReadonlySet<string> = new Set(['LOADING', 'MISCONF', 'MASTERDOWN', 'CLUSTERDOWN', 'BUSY', 'DENIED'])

/** Well: PING was answered by PONG, or by a wish for a password. */
export function redisProbe({ url }: RedisOptions): Probe {
  const address = new URL(url)
  const place = placeOf(address, DEFAULT_PORT)
  return (signal) =>
    connected(place, signal, (socket) =>
      address.protocol === 'rediss:'
        ? secured(socket, { host: place.host, verify: true }, signal, (tls) => ping(tls, signal))
        : ping(socket, signal),
    )
}

async function ping(socket: Socket, signal: AbortSignal): Promise<void> {
  socket.write(PING)
  const line = await answerOf(socket, signal, firstLine)
  if (line === '+PONG') return
  if (!line.startsWith('-')) throw new CheckFailure('invalid_answer')
  const code = /^-([A-Z]+)(?: |$)/.exec(line)?.[1] ?? ''
  if (!REFUSES_US.has(code)) throw new CheckFailure('not_ready', NOT_READY.has(code) ? code : 'ERR')
}

function firstLine(bytes: Buffer): string | undefined {
  const end = bytes.indexOf('\r\n')
  return end < 0 ? undefined : bytes.toString('latin1', 0, end)
}
