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

/** Room for what is hashed, so that a row costs no allocation; a larger one gets room of its own. */
let room = Buffer.alloc(16_384)

function roomFor(sizeBytes: number): Buffer {
  if (sizeBytes > room.length) room = Buffer.alloc(2 * sizeBytes)
  return room
}

/** Hash of a leaf of the tree (RFC 6962, 2.1): SHA-256(0x00 ‖ the row's stored bytes). */
export function leafHash(bytes: Uint8Array): Hash {
  const buffer = roomFor(bytes.length + 1)
  buffer[0] = 0x00
  buffer.set(bytes, 1)
  return digest(buffer.subarray(0, bytes.length + 1))
}

const LOG_DOMAIN = 'mcp-vitals/audit/log/v1\n'
const ROW_DOMAIN = Buffer.from('mcp-vitals/audit/row/v1\n')

/** The hash at which a log's chain begins, `prev_hash` of its first row: it binds the rows to the log's name. */
export function originHash(log: string): Hash {
  return sha256(Buffer.from(`${LOG_DOMAIN}${log}`))
}

/** A row's `row_hash`: SHA-256 of the row's domain and its bytes, without those in [cutFrom, cutTo). */
export function rowHash(bytes: Uint8Array, cutFrom = 0, cutTo = 0): Hash {
  const buffer = roomFor(ROW_DOMAIN.length + bytes.length)
  buffer.set(ROW_DOMAIN)
  buffer.set(bytes.subarray(0, cutFrom), ROW_DOMAIN.length)
  buffer.set(bytes.subarray(cutTo), ROW_DOMAIN.length + cutFrom)
  return digest(buffer.subarray(0, ROW_DOMAIN.length + bytes.length - (cutTo - cutFrom)))
}
