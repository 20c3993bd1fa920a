/** Constants of FIPS 180-4: fractional parts of the cube roots (rounds) and square roots (start) of the first primes. */
const ROUND_COUNT = 64
const PRIMES = firstPrimes(ROUND_COUNT)
const K = Int32Array.from(PRIMES, (prime) => fraction(Math.cbrt(prime)))
const START = Int32Array.from(PRIMES.slice(0, 8), (prime) => fraction(Math.sqrt(prime)))

/** Hexadecimal digits kept of a digest: 128 bits. */
const DIGEST_DIGITS = 32

/**
 * SHA-256 (FIPS 180-4) over bytes that come in pieces. Written out because the web's own digest is asynchronous and
 * takes the whole input at once, and this module may import nothing of a platform.
 */
export class Sha256 {
  readonly #state = Int32Array.from(START)
  readonly #block = new Uint8Array(64)
  readonly #words = new Int32Array(ROUND_COUNT)
  #filled = 0
  #lengthBytes = 0

  /** Takes `bytes[from, to)`. Keeps no reference. */
  update(bytes: Uint8Array, from = 0, to = bytes.length): void {
    this.#lengthBytes += to - from
    const block = this.#block
    let at = from
    while (at < to) {
      const filled = this.#filled
      const take = Math.min(64 - filled, to - at)
      for (let i = 0; i < take; i++) block[filled + i] = bytes[at + i]!
      this.#filled = filled + take
      at += take
      if (this.#filled === 64) this.#compress()
    }
  }

  /** The first 128 bits of the digest as 32 hexadecimal digits. Call once, last. */
  digest(): string {
    const bits = this.#lengthBytes * 8
    const zeros = (119 - this.#filled) % 64
    const padding = new Uint8Array(1 + zeros + 8)
    padding[0] = 0x80
    const view = new DataView(padding.buffer)
    view.setUint32(1 + zeros, Math.floor(bits / 2 ** 32))
    view.setUint32(5 + zeros, bits >>> 0)
    this.update(padding)
    let hex = ''
    for (const word of this.#state) hex += (word >>> 0).toString(16).padStart(8, '0')
    return hex.slice(0, DIGEST_DIGITS)
  }

  #schedule(): void {
    const w = this.#words
    const block = this.#block
    for (let i = 0, j = 0; i < 16; i++, j += 4) {
      w[i] = (block[j]! << 24) | (block[j + 1]! << 16) | (block[j + 2]! << 8) | block[j + 3]!
    }
    for (let i = 16; i < ROUND_COUNT; i++) {
      const a = w[i - 15]!
      const b = w[i - 2]!
      const s0 = rotate(a, 7) ^ rotate(a, 18) ^ (a >>> 3)
      const s1 = rotate(b, 17) ^ rotate(b, 19) ^ (b >>> 10)
      w[i] = (w[i - 16]! + s0 + w[i - 7]! + s1) | 0
    }
  }

  #compress(): void {
    this.#schedule()
    const w = this.#words
    const state = this.#state
    let a = state[0]!
    let b = state[1]!
    let c = state[2]!
    let d = state[3]!
    let e = state[4]!
    let f = state[5]!
    let g = state[6]!
    let h = state[7]!
    for (let i = 0; i < ROUND_COUNT; i++) {
      const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i]! + w[i]!) | 0
      const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
      h = g
      g = f
      f = e
      e = (d + t1) | 0
      d = c
      c = b
      b = a
      a = (t1 + t2) | 0
    }
    state[0]! += a
    state[1]! += b
    state[2]! += c
    state[3]! += d
    state[4]! += e
    state[5]! += f
    state[6]! += g
    state[7]! += h
    this.#filled = 0
  }
}

function rotate(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by))
}

function fraction(value: number): number {
  return ((value - Math.floor(value)) * 2 ** 32) | 0
}

function firstPrimes(count: number): number[] {
  const primes: number[] = []
  for (let n = 2; primes.length < count; n++) if (primes.every((prime) => n % prime !== 0)) primes.push(n)
  return primes
}
