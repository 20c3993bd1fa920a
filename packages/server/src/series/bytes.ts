/** Writes bytes into a buffer that grows. */
export class ByteWriter {
  #bytes: Uint8Array
  #view: DataView
  length = 0

  constructor(capacity = 1024) {
    this.#bytes = new Uint8Array(capacity)
    this.#view = new DataView(this.#bytes.buffer)
  }

  byte(value: number): void {
    this.#room(1)
    this.#bytes[this.length++] = value
  }

  /** A whole number from 0 to 2⁵³ − 1, seven bits to a byte, the lowest first. */
  varint(value: number): void {
    this.#room(8)
    let left = value
    for (; left >= 0x8000_0000; left = Math.floor(left / 128)) this.#bytes[this.length++] = (left % 128) | 0x80
    for (; left >= 0x80; left >>>= 7) this.#bytes[this.length++] = (left & 0x7f) | 0x80
    this.#bytes[this.length++] = left
  }

  /** IEEE 754, 8 bytes, the lowest first. */
  double(value: number): void {
    this.#room(8)
    this.#view.setFloat64(this.length, value, true)
    this.length += 8
  }

  /** The lowest `count` bytes of a 64-bit number in two halves, the highest first. */
  tail(high: number, low: number, count: number): void {
    this.#room(count)
    for (let at = count - 1; at >= 0; at--)
      this.#bytes[this.length++] = at >= 4 ? (high >>> ((at - 4) * 8)) & 0xff : (low >>> (at * 8)) & 0xff
  }

  append(bytes: Uint8Array): void {
    this.#room(bytes.length)
    this.#bytes.set(bytes, this.length)
    this.length += bytes.length
  }

  /** A copy of what was written, in a buffer of its own. */
  take(): Uint8Array {
    return this.#bytes.slice(0, this.length)
  }

  #room(count: number): void {
    if (this.length + count <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.length + count))
    larger.set(this.#bytes)
    this.#bytes = larger
    this.#view = new DataView(larger.buffer)
  }
}

const eight = new DataView(new ArrayBuffer(8))

/** Reads what `ByteWriter` wrote. Throws RangeError where the bytes end too early. */
export class ByteReader {
  constructor(
    readonly bytes: Uint8Array,
    public at = 0,
  ) {}

  byte(): number {
    const value = this.bytes[this.at++]
    if (value === undefined) throw new RangeError('the bytes end too early')
    return value
  }

  varint(): number {
    let byte = this.byte()
    if (byte < 0x80) return byte
    let value = byte & 0x7f
    let scale = 128
    do {
      byte = this.byte()
      value += (byte & 0x7f) * scale
      scale *= 128
    } while (byte >= 0x80)
    return value
  }

  double(): number {
    // A view of the bytes would cost each reader more than most rows do.
    for (let at = 0; at < 8; at++) eight.setUint8(at, this.byte())
    return eight.getFloat64(0, true)
  }
}
