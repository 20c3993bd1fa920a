import { Sha256 } from './sha256.js'

/** Text of definitions that is kept beside their hashes, UTF-16 units: beyond it all are forgotten and hashed anew. */
const MAX_KEPT_LENGTH = 1_000_000

/** Hashes of tools' definitions, each computed once: a server gives the same ones in every list. */
export class Definitions {
  readonly #hashes = new Map<string, string>()
  #keptLength = 0

  /** The hash of a definition's JSON: that of its bytes. */
  hashOf(json: string): string {
    const known = this.#hashes.get(json)
    if (known !== undefined) return known
    const hash = new Sha256()
    hash.update(new TextEncoder().encode(json))
    const digest = hash.digest()
    this.#keptLength += json.length
    if (this.#keptLength > MAX_KEPT_LENGTH) {
      this.#hashes.clear()
      this.#keptLength = json.length
    }
    this.#hashes.set(json, digest)
    return digest
  }
}
