import type { Socket } from 'node:net'
import { CheckFailure, type Probe } from '../check.js'
import { answerOf, connected, type Place, placeOf, secured } from '../socket.js'
import type { PostgresOptions } from './options.js'
import { firstWord, SSL_REQUEST, startup, TERMINATE } from './protocol.js'

const DEFAULT_PORT = 5432
const DEFAULT_USER = 'mcp_vitals'
/** SQLSTATE class 28: a login that is refused. Whoever judges logins is up. */
const LOGIN_REFUSED = /^28/

/**
 * Well: the server goes on with the login (asks for the password, or lets in) or refuses it. One that starts up, shuts
 * down or has no connection left answers with another error, and is not well.
 */
export function postgresProbe(options: PostgresOptions): Probe {
  const { place, user, database } = aimOf(options)
  const hello = startup(user, database)
  return (signal) =>
    connected(place, signal, async (socket) => {
      socket.write(SSL_REQUEST)
      const answer = await answerOf(socket, signal, (bytes) => (bytes.length > 0 ? bytes : undefined))
      // Whoever says more than one byte has answered what nobody asked yet.
      const offer = answer.toString('latin1')
      if (offer === 'N') return greet(socket, hello, signal)
      // No secret is sent, so a certificate that does not verify is no danger: it is the client's business.
      const tls = { host: place.host, verify: false, protocol: 'postgresql' }
      if (offer === 'S') return secured(socket, tls, signal, (inner) => greet(inner, hello, signal))
      throw new CheckFailure('invalid_answer')
    })
}

async function greet(socket: Socket, hello: Buffer, signal: AbortSignal): Promise<void> {
  socket.write(hello)
  const word = await answerOf(socket, signal, firstWord)
  if (word === 'foreign') throw new CheckFailure('invalid_answer')
  if (word === 'login') socket.write(TERMINATE)
  else if (!LOGIN_REFUSED.test(word.sqlstate)) throw new CheckFailure('not_ready', word.sqlstate)
}

function aimOf({ url, host, port }: PostgresOptions): {
  readonly place: Place
  readonly user: string
  readonly database: string
} {
  if (url === undefined) return { place: { host: host as string, port }, user: DEFAULT_USER, database: 'postgres' }
  const address = new URL(url)
  const user = decoded(address.username) || DEFAULT_USER
  return {
    place: placeOf(address, DEFAULT_PORT),
    user,
    database: decoded(address.pathname.slice(1)) || user,
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
