import { randomBytes } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { generateSigningKey, parseVerifierKey, readSigningKey, type Signer, type VerifierKey } from '../audit/index.js'
import { createPrivately, readPrivately, refuseRights, replacePrivately } from '../datadir/index.js'
import { makeFolder } from '../folders/index.js'
import type { AuditOptions } from './options.js'

/** The keys of a log. */
export interface LogKeys {
  /** Name of the log. */
  readonly log: string
  readonly signer: Signer
  /** Every key that signed for it so far, as `audit.pub` has them: what verifiers are given. */
  readonly trusted: readonly VerifierKey[]
  /** Whether the private key was made just now. */
  readonly isNew: boolean
}

/** Where the private key and the list of public keys lie. */
export function keyFiles(dir: string, { keyFile }: Pick<AuditOptions, 'keyFile'>) {
  return { privateFile: keyFile ?? join(dir, 'audit.key'), publicFile: join(dir, 'audit.pub') }
}

/** Reads `audit.pub`: one public key a line. Throws AUDIT_KEY_INVALID for a line that is none. */
export async function readTrusted(publicFile: string): Promise<readonly VerifierKey[]> {
  const lines = ((await readPrivately(publicFile)) ?? '').split('\n').filter((line) => line.trim() !== '')
  return lines.map(parseVerifierKey)
}

/**
 * Opens the keys of the log in the state directory `dir`, making what is not there: a name, a private key (mode 0600) and
 * the list of public keys. Rejects with AUDIT_KEY_INVALID, AUDIT_NAME_INVALID, or DATA_DIR_INSECURE when others may read
 * the private key.
 */
export async function openKeys(dir: string, options: Pick<AuditOptions, 'keyFile' | 'log'>): Promise<LogKeys> {
  const { privateFile, publicFile } = keyFiles(dir, options)
  const known = await readTrusted(publicFile)
  const log = options.log ?? known.at(-1)?.name ?? `mcp-vitals.local/${randomBytes(6).toString('hex')}`
  const made = generateSigningKey()
  makeFolder(dirname(privateFile), 0o700)
  const isNew = await createPrivately(privateFile, made)
  await refuseRights(privateFile, 0o077)
  const signer = readSigningKey(log, isNew ? made : ((await readPrivately(privateFile)) ?? ''))
  const ofLog = known.filter(({ name }) => name === log)
  const isListed = ofLog.some(({ vkey }) => vkey === signer.key.vkey)
  const trusted = isListed ? ofLog : [...ofLog, signer.key]
  if (!isListed) await replacePrivately(publicFile, trusted.map(({ vkey }) => `${vkey}\n`).join(''))
  return { log, signer, trusted, isNew }
}

/** A new private key in PEM, and its public key for a log of this name. */
export function makeKey(log: string): { readonly pem: string; readonly key: VerifierKey } {
  const pem = generateSigningKey()
  return { pem, key: readSigningKey(log, pem).key }
}

/** The keys of a log while it is written: a private key that is put in the place of the one that there is signs from then on. */
export class LiveKeys {
  readonly #dir: string
  readonly #options: Pick<AuditOptions, 'keyFile' | 'log'>
  readonly #onFault: (error: Error) => void
  #keys: LogKeys
  #stamp: string | undefined

  private constructor(setup: LiveKeysSetup, stamp: string | undefined) {
    this.#dir = setup.dir
    this.#options = setup.options
    this.#onFault = setup.onFault
    this.#keys = setup.keys
    this.#stamp = stamp
  }

  static async watch(setup: LiveKeysSetup): Promise<LiveKeys> {
    return new LiveKeys(setup, await stampOf(keyFiles(setup.dir, setup.options).privateFile))
  }

  get keys(): LogKeys {
    return this.#keys
  }

  /** Who signs the next checkpoint: when the key was changed, once the one before and the new one. Never rejects. */
  async signers(): Promise<readonly Signer[]> {
    const before = this.#keys.signer
    const stamp = await stampOf(keyFiles(this.#dir, this.#options).privateFile)
    // A key that is not there any more may have been put out of reach: the one in memory signs.
    if (stamp === undefined || stamp === this.#stamp) return [before]
    this.#stamp = stamp
    try {
      this.#keys = await openKeys(this.#dir, this.#options)
    } catch (error) {
      this.#onFault(error as Error)
      return [before]
    }
    const { signer } = this.#keys
    return signer.key.vkey === before.key.vkey ? [signer] : [before, signer]
  }
}

interface LiveKeysSetup {
  readonly dir: string
  readonly options: Pick<AuditOptions, 'keyFile' | 'log'>
  readonly keys: LogKeys
  /** Told of a key that was put there and is none. */
  readonly onFault: (error: Error) => void
}

/** Changes when a file is another one; undefined where there is none. */
async function stampOf(file: string): Promise<string | undefined> {
  try {
    const { mtimeMs, ino, size } = await stat(file)
    return `${mtimeMs} ${ino} ${size}`
  } catch {
    return undefined
  }
}
