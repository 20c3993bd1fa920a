import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { createGlobs } from './glob.js'

/**
 * What is kept of a key. Its secret is 256 random bits, so one SHA-256 is enough: nobody can try 2^256 of them, and a
 * slow hash (scrypt), which protects what people choose, would let strangers burn a quarter of a second of ours a request.
 */
export interface KeyRecord {
  /** Public part, 12 hexadecimal digits. */
  readonly id: string
  /** SHA-256 of the whole key, hexadecimal. */
  readonly hash: string
  /** Who holds it, as events name it. */
  readonly agent: string
  /** Patterns of the servers that it opens; `*` is any text. */
  readonly servers: readonly string[]
  /** Patterns of the tools that it may call. */
  readonly tools: readonly string[]
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly expiresAt?: number
  readonly revokedAt?: number
}

/** Prefix of every key, by which secret scanners and people know it. */
const FORM = /^mcpv_([0-9a-f]{12})_[\w-]{43}$/
/** A key, wherever it stands in a text. */
const ANYWHERE = /mcpv_[0-9a-f]{12}_[\w-]{43}/

/** Whether a text has a whole key in it, however its characters are escaped for an address. */
export function holdsKey(text: string): boolean {
  if (text.includes('mcpv_') && ANYWHERE.test(text)) return true
  return text.includes('%') && ANYWHERE.test(text.replace(/%([0-7][0-9a-f])/gi, (_, code) => hexToText(code)))
}

function hexToText(code: string): string {
  return String.fromCharCode(Number.parseInt(code, 16))
}

/** Makes a key. `key` is shown to its holder once, and kept nowhere. */
export function makeKey(about: Pick<KeyRecord, 'agent' | 'servers' | 'tools' | 'createdAt' | 'expiresAt'>): {
  readonly key: string
  readonly record: KeyRecord
} {
  const id = randomBytes(6).toString('hex')
  const key = `mcpv_${id}_${randomBytes(32).toString('base64url')}`
  return { key, record: { id, hash: hashOf(key).toString('hex'), ...about } }
}

/** A key that opens something here. */
export interface Holder {
  readonly id: string
  readonly agent: string
  readonly opens: (server: string) => boolean
  readonly allows: (tool: string) => boolean
  /** Whether `allows` is true of every name. */
  readonly allowsAll: boolean
}

/** Why a text opens nothing. The first two are what somebody who guesses would send. */
export type KeyProblem = 'malformed' | 'unknown' | 'expired' | 'revoked'

/** Finds who holds a key. */
export interface KeyRing {
  find(key: string, now: number): Holder | KeyProblem
  /** Whether the key with this id, which was found before, still opens anything. */
  opens(id: string, now: number): boolean
}

/** Builds the ring. The comparison takes as long for a wrong secret as for the right one. */
export function createKeyRing(records: readonly KeyRecord[]): KeyRing {
  const byId = new Map(
    records.map((record) => [record.id, { record, hash: Buffer.from(record.hash, 'hex'), holder: holderOf(record) }]),
  )
  return {
    find(key, now) {
      const id = FORM.exec(key)?.[1]
      if (id === undefined) return 'malformed'
      const hash = hashOf(key)
      const found = byId.get(id)
      if (!timingSafeEqual(hash, found?.hash ?? NO_HASH) || !found) return 'unknown'
      return endOf(found.record, now) ?? found.holder
    },
    opens(id, now) {
      const found = byId.get(id)
      return found !== undefined && endOf(found.record, now) === undefined
    },
  }
}

function endOf({ revokedAt, expiresAt }: KeyRecord, now: number): 'revoked' | 'expired' | undefined {
  if (revokedAt !== undefined) return 'revoked'
  return expiresAt !== undefined && expiresAt <= now ? 'expired' : undefined
}

const NO_HASH = Buffer.alloc(32)

function hashOf(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}

function holderOf({ id, agent, servers, tools }: KeyRecord): Holder {
  return { id, agent, opens: createGlobs(servers), allows: createGlobs(tools), allowsAll: tools.includes('*') }
}
