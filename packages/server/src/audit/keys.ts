import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import { vitalsError } from '../errors/index.js'
import { sha256 } from './hashes.js'

/**
 * Whether a text can name a log: 1 to 200 characters, without white space, control characters and plus signs, which
 * C2SP's signed notes give a meaning to. By its form `example.com/audit` the name is nobody else's.
 */
export function isLogName(text: string): boolean {
  return /^[^\s+\p{Cc}\p{Surrogate}]{1,200}$/u.test(text)
}

/** Types of keys in C2SP's signed-note: plain Ed25519 signatures over the note's text, and a witness's with a time. */
const ED25519 = 0x01
const COSIGNATURE = 0x04
const KEY_BYTES = 32
const VKEY = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})$/

/** A public key that a verifier trusts for the log of its name. */
export interface VerifierKey {
  /** Name of the log. All keys of a log have its name. */
  readonly name: string
  /** First four bytes of a hash of name, type and key (C2SP signed-note): which key a signature names. Hexadecimal. */
  readonly keyId: string
  /** The key in the text form of C2SP, to be handed to verifiers: `<name>+<key id>+<base64>`. */
  readonly vkey: string
  /** Whether a signature (64 bytes) over these bytes is the key's. */
  verifies(bytes: Uint8Array, signature: Uint8Array): boolean
}

/** A private key that signs a log's checkpoints. */
export interface Signer {
  readonly key: VerifierKey
  /** 64 bytes, of a witness 72. */
  sign(bytes: Uint8Array): Uint8Array
}

/** Reads a log's key in the text form of C2SP. @throws VitalsError AUDIT_KEY_INVALID */
export function parseVerifierKey(vkey: string): VerifierKey {
  return parseKey(vkey, ED25519)
}

/**
 * Reads a witness's key in the text form of C2SP. Its signatures are those of C2SP's tlog-cosignature: they hold the time
 * at which it saw the checkpoint. @throws VitalsError AUDIT_KEY_INVALID
 */
export function parseWitnessKey(vkey: string): VerifierKey {
  return parseKey(vkey, COSIGNATURE)
}

function parseKey(vkey: string, type: number): VerifierKey {
  const [, name = '', keyId, encoded = ''] = VKEY.exec(vkey.trim()) ?? []
  const bytes = Buffer.from(encoded, 'base64')
  if (!isLogName(name) || bytes[0] !== type || bytes.length !== 1 + KEY_BYTES) {
    const whose = type === ED25519 ? 'log' : 'witness'
    throw vitalsError('AUDIT_KEY_INVALID', {
      reason: `it is not a ${whose}’s, of the form <name>+<8 hexadecimal digits>+<base64>`,
    })
  }
  const key = verifierKey(name, bytes.subarray(1), type)
  if (key.keyId !== keyId || key.vkey !== vkey.trim())
    throw vitalsError('AUDIT_KEY_INVALID', { reason: 'its id is not the one that name and key give' })
  return key
}

/** @throws VitalsError AUDIT_KEY_INVALID for 32 bytes that are no point of the curve */
function verifierKey(name: string, raw: Uint8Array, type: number): VerifierKey {
  const typed = Buffer.concat([Buffer.from([type]), raw])
  const keyId = sha256(Buffer.concat([Buffer.from(`${name}\n`), typed])).slice(0, 8)
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(raw).toString('base64url') }
  const publicKey = createPublicKey({ key: jwk, format: 'jwk' })
  return {
    name,
    keyId,
    vkey: `${name}+${keyId}+${typed.toString('base64')}`,
    verifies(bytes, signature) {
      if (type === ED25519) return signature.length === 64 && verify(null, bytes, publicKey, signature)
      if (signature.length !== TIME_BYTES + 64) return false
      const time = Buffer.from(signature).readBigUInt64BE()
      return verify(null, cosigned(time, bytes), publicKey, signature.subarray(TIME_BYTES))
    },
  }
}

/**
 * Makes a signer of an Ed25519 private key.
 *
 * @throws VitalsError AUDIT_NAME_INVALID for a name that no log can have, AUDIT_KEY_INVALID for another kind of key
 */
export function createSigner(name: string, privateKey: KeyObject): Signer {
  if (!isLogName(name)) throw vitalsError('AUDIT_NAME_INVALID', { name })
  if (privateKey.type !== 'private' || privateKey.asymmetricKeyType !== 'ed25519')
    throw vitalsError('AUDIT_KEY_INVALID', { reason: 'it is no Ed25519 private key' })
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' })
  return {
    key: verifierKey(name, Buffer.from(x, 'base64url'), ED25519),
    sign: (bytes) => sign(null, bytes, privateKey),
  }
}

const TIME_BYTES = 8

/** What a witness signs: C2SP's tlog-cosignature, version 1. */
function cosigned(timeSeconds: bigint, text: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`cosignature/v1\ntime ${timeSeconds}\n`), text])
}

/**
 * Makes a witness's signer of a private key in PEM. `now`: milliseconds since 1970.
 *
 * @throws VitalsError AUDIT_NAME_INVALID, AUDIT_KEY_INVALID
 */
export function readWitnessKey(name: string, pem: string, now: () => number): Signer {
  const { sign: signPlainly, key } = readSigningKey(name, pem)
  const raw = Buffer.from(VKEY.exec(key.vkey)?.[3] ?? '', 'base64').subarray(1)
  return {
    key: verifierKey(name, raw, COSIGNATURE),
    sign(text) {
      const timeSeconds = BigInt(Math.trunc(now() / 1000))
      const time = Buffer.alloc(TIME_BYTES)
      time.writeBigUInt64BE(timeSeconds)
      return Buffer.concat([time, signPlainly(cosigned(timeSeconds, text))])
    },
  }
}

/** Makes a new private key, as a PEM text (PKCS #8) to be kept where the log is not. */
export function generateSigningKey(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }) as string
}

/** Reads a private key in PEM. @throws VitalsError AUDIT_KEY_INVALID, which never repeats the text */
export function readSigningKey(name: string, pem: string): Signer {
  let key: KeyObject
  try {
    key = createPrivateKey(pem)
  } catch {
    throw vitalsError('AUDIT_KEY_INVALID', { reason: 'it is no private key in PEM' })
  }
  return createSigner(name, key)
}
