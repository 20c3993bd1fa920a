/** The few messages of PostgreSQL's protocol 3.0 that come before a login (its documentation, "Message Formats"). */

const PROTOCOL_3_0 = 196_608
const SSL_REQUEST_CODE = 80_877_103
/** Largest error message that is taken for one. */
const MAX_ERROR_BYTES = 16_000

/** Asks whether the server speaks TLS; it answers with one byte, `S` or `N`. */
export const SSL_REQUEST = Buffer.concat([int32(8), int32(SSL_REQUEST_CODE)])

/** Says good-bye. */
export const TERMINATE = Buffer.concat([Buffer.from('X'), int32(4)])

/** Asks to be let in. */
export function startup(user: string, database: string): Buffer {
  const pairs = ['user', user, 'database', database, 'application_name', 'mcp-vitals']
  // A zero byte would end a value early and begin a parameter of its own.
  const body = Buffer.from(`${pairs.map((text) => `${text.replaceAll('\0', '')}\0`).join('')}\0`)
  return Buffer.concat([int32(8 + body.length), int32(PROTOCOL_3_0), body])
}

/** The server's first word: it goes on with the login, it gives an error (with its SQLSTATE), or it is no PostgreSQL. */
export type FirstWord = 'login' | { readonly sqlstate: string } | 'foreign'

/** Reads the first word out of the bytes so far; undefined while more are needed. */
export function firstWord(bytes: Buffer): FirstWord | undefined {
  const kind = String.fromCharCode(bytes[0] ?? 0)
  if (kind === 'R') return 'login'
  if (kind !== 'E') return 'foreign'
  if (bytes.length < 5) return undefined
  const length = bytes.readInt32BE(1)
  if (length < 5 || length > MAX_ERROR_BYTES) return 'foreign'
  if (bytes.length < 1 + length) return undefined
  const code = bytes
    .toString('latin1', 5, 1 + length)
    .split('\0')
    .find((field) => field.startsWith('C'))
  return code !== undefined && /^C[0-9A-Z]{5}$/.test(code) ? { sqlstate: code.slice(1) } : 'foreign'
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}
