import type { Labels } from './contract.js'

const encoder = new TextEncoder()
/** Stands between names and values: no byte of UTF-8. */
const SEPARATOR = 0xff
/** Offset and prime of 64-bit FNV-1a; the prime is 2^40 + 0x1b3. http://www.isthe.com/chongo/tech/comp/fnv/ */
const OFFSET_HIGH = 0xcbf29ce4
const OFFSET_LOW = 0x84222325
const PRIME_LOW = 0x1b3

/** 64-bit FNV-1a in two halves. */
class Hash {
  #high = OFFSET_HIGH
  #low = OFFSET_LOW

  byte(value: number): void {
    const mixed = (this.#low ^ value) >>> 0
    const product = mixed * PRIME_LOW
    const carry = Math.floor(product / 0x1_0000_0000)
    this.#high = (Math.imul(this.#high, PRIME_LOW) + carry + (mixed << 8)) >>> 0
    this.#low = product >>> 0
  }

  text(value: string): void {
    for (const byte of encoder.encode(value)) this.byte(byte)
  }

  hex(): string {
    return [this.#high, this.#low].map((half) => half.toString(16).padStart(8, '0')).join('')
  }
}

/** Which alert it is: 16 hexadecimal digits, those that Prometheus and Alertmanager have for the same labels. */
export function fingerprintOf(labels: Labels): string {
  const hash = new Hash()
  for (const name of Object.keys(labels).sort(byCodePoints)) {
    hash.text(name)
    hash.byte(SEPARATOR)
    hash.text(labels[name]!)
    hash.byte(SEPARATOR)
  }
  return hash.hex()
}

/** 16 hexadecimal digits for a text. */
export function hashOf(text: string): string {
  const hash = new Hash()
  hash.text(text)
  return hash.hex()
}

/** Names of labels are ASCII, where units of UTF-16 sort as bytes do. */
function byCodePoints(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}
