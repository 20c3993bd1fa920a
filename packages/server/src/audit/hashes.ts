import * as crypto from 'node:crypto'

/** A SHA-256 as 64 hexadecimal digits in lower case: the one form in which this module hands hashes about. */
export type Hash = string

export const HASH_BYTES = 32
const HASH = /^[0-9a-f]{64}$/

export function isHash(text: unknown): text is Hash {
  return typeof text === 'string' && HASH.test(text)
}

// Node has had crypto.hash since 20.12: it takes half the time of a Hash object.
const digest: (bytes: Uint8Array) => Hash = crypto.hash
  ? (bytes) => crypto.hash('sha256', bytes, 'hex')
  : (bytes) => crypto.createHash('sha256').update(bytes).digest('hex')

export function sha256(bytes: Uint8Array): Hash {
  return digest(bytes)
}

/** Root of the tree without leaves (RFC 6962, 2.1): the hash of nothing. */
export const EMPTY_ROOT: Hash = sha256(new Uint8Array())

const node = Buffer.alloc(1 + 2 * HASH_BYTES)
node[0] = 0x01

/** Hash of an inner node of the tree (RFC 6962, 2.1): SHA-256(0x01 ‖ left ‖ right). */
export function nodeHash(left: Hash, right: Hash): Hash {
  node.write(left, 1, 'hex')
  node.write(right, 1 + HASH_BYTES, 'hex')
  return digest(node)
}

/** Hash of a leaf of the tree (RFC 6962, 2.1): SHA-256(0x00 ‖ the row's stored bytes). */
export function leafHash(bytes: Uint8Array): Hash {
  const buffer = lay(bytes)
  buffer[BEFORE - 1] = 0x00
  return digest(buffer.subarray(BEFORE - 1, BEFORE + bytes.length))
}

const LOG_DOMAIN = 'mcp-vitals/audit/log/v1\n'
const ROW_DOMAIN = Buffer.from('mcp-vitals/audit/row/v1\n')

/** The hash at which a log's chain begins, `prev_hash` of its first row: it binds the rows to the log's name. */
export function originHash(log: string): Hash {
  return sha256(Buffer.from(`${LOG_DOMAIN}${log}`))
}

/** A row's `row_hash`: SHA-256(domain of rows ‖ the row's bytes without that member, which lies in [from, to) with a comma). */
export function rowHash(bytes: Uint8Array, from: number, to: number): Hash {
  const buffer = lay(bytes)
  buffer.set(ROW_DOMAIN)
  buffer.copyWithin(BEFORE + from, BEFORE + to, BEFORE + bytes.length)
  return digest(buffer.subarray(0, BEFORE + bytes.length - (to - from)))
}

/** Room for what is hashed, with what goes before it, so that a row costs no allocation. */
const BEFORE = ROW_DOMAIN.length
let room = Buffer.alloc(16_384)

function lay(bytes: Uint8Array): Buffer {
  if (BEFORE + bytes.length > room.length) room = Buffer.alloc(2 * (BEFORE + bytes.length))
  room.set(bytes, BEFORE)
  return room
}
