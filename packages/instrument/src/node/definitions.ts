import { createHash } from 'node:crypto'

/** Text of definitions that is kept beside their hashes, UTF-16 units: beyond it all are forgotten and hashed anew. */
const MAX_KEPT_LENGTH = 1_000_000
/** Hexadecimal digits kept of a digest: as many as readers of bytes keep. */
const DIGEST_DIGITS = 32

/** Hashes of tools' definitions, each computed once: a server gives the same ones in every list. */
export class Definitions {
  readonly #hashes = new Map<string, string>()
  #keptLength = 0

  /** The hash of a definition's JSON: that of its bytes. */
  hashOf(definition: unknown): string {
    const json = JSON.stringify(definition) ?? 'null'
    const known = this.#hashes.get(json)
    if (known !== undefined) return known
    const digest = createHash('sha256').update(json).digest('hex').slice(0, DIGEST_DIGITS)
    this.#keptLength += json.length
    if (this.#keptLength > MAX_KEPT_LENGTH) {
      this.#hashes.clear()
      this.#keptLength = json.length
    }
    this.#hashes.set(json, digest)
    return digest
  }
}
