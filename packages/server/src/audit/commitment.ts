import { createHmac, timingSafeEqual } from 'node:crypto'
import { canonicalize, type Json } from './canonical.js'
import type { Hash } from './hashes.js'

/** Bytes of a commitment's salt: as many as its HMAC has, so that nobody can try values without it. */
export const SALT_BYTES = 32
const MAX_DEPTH = 32

/** What opens a commitment: kept beside the rows, and erasable. The row holds the digest alone. */
export interface Opening {
  /** Name of what was committed to, such as `arguments.path`; unique within its row. */
  readonly field: string
  /** 32 random bytes, new for each field of each row. */
  readonly salt: Uint8Array
  /** Canonical JSON (RFC 8785) of the value. */
  readonly value: string
}

/** A value that a row commits to without holding it. */
export interface Commitment extends Opening {
  /** HMAC-SHA-256 with the salt as its key over `value` in UTF-8. */
  readonly digest: Hash
}

/**
 * Commits to a value of JSON. Text, numbers and objects alike: what is committed to is the canonical JSON.
 *
 * @param salt 32 bytes of the system's randomness
 * @throws NotCanonical for what is no JSON
 */
export function commit(field: string, value: Json, salt: Uint8Array): Commitment {
  if (salt.length !== SALT_BYTES) throw new RangeError(`A salt has ${SALT_BYTES} bytes, not ${salt.length}`)
  const text = canonicalize(value, { numbers: 'any', maxDepth: MAX_DEPTH }, field)
  return { field, salt, value: text, digest: digestOf(salt, text).toString('hex') }
}

/** Whether salt and value are those that a digest was made of. */
export function opens(digest: Hash, { salt, value }: Pick<Opening, 'salt' | 'value'>): boolean {
  const given = Buffer.from(digest, 'hex')
  const found = digestOf(salt, value)
  return given.length === found.length && timingSafeEqual(given, found)
}

function digestOf(salt: Uint8Array, text: string): Buffer {
  return createHmac('sha256', salt).update(text).digest()
}
