import { valuesBeside } from '../event/index.js'
import { NEWLINE } from './lines.js'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const POINT = 0x2e
const OPEN = 0x7b
const CLOSE = 0x7d
const DIGIT_0 = 0x30
/** What fits into 32 bits is divided many times faster. */
const SMALL = 1_000_000_000
/** A UTF-16 unit is at most so many bytes of UTF-8. */
const MOST_BYTES_PER_UNIT = 3
/** More than any number has, bytes. */
const NUMBER_BYTES = 32
const START_BYTES = 4 * 1024
/** Room that one long event took is given back when it is beyond this, bytes. */
const KEPT_BYTES = 64 * 1024

const encoder = new TextEncoder()

/**
 * Writes numbered events as lines (see `Lines`). Straight to bytes: events are small, flat and mostly ASCII, and a text of
 * JSON that is encoded afterwards takes three times as long, in a process that does so for every call.
 */
export class LineWriter {
  #bytes = new Uint8Array(START_BYTES)
  #at = 0

  /**
   * The line of this event, its break included, until the next is asked for. `startedAt`: a field more, where it is given.
   */
  line(seq: number, event: object, startedAt?: number): Uint8Array {
    if (this.#bytes.length > KEPT_BYTES) this.#bytes = new Uint8Array(START_BYTES)
    this.#at = 0
    this.#ascii('{"seq":')
    this.#number(seq)
    this.#ascii(',"event":')
    this.#object(event as Readonly<Record<string, unknown>>, startedAt)
    const values = valuesBeside(event)
    if (values) this.#encode(`,"values":${JSON.stringify(values)}`)
    this.#byte(CLOSE)
    this.#byte(NEWLINE)
    return this.#bytes.subarray(0, this.#at)
  }

  #object(fields: Readonly<Record<string, unknown>>, startedAt: number | undefined): void {
    this.#byte(OPEN)
    let isFirst = true
    for (const key of Object.keys(fields)) {
      const value = fields[key]
      if (value === undefined) continue
      if (!isFirst) this.#byte(COMMA)
      isFirst = false
      this.#text(key)
      this.#byte(COLON)
      if (typeof value === 'string') this.#text(value)
      else if (typeof value === 'number') this.#number(value)
      else this.#encode(JSON.stringify(value))
    }
    if (startedAt !== undefined) {
      this.#ascii(',"startedAt":')
      this.#number(startedAt)
    }
    this.#byte(CLOSE)
  }

  /** A string as JSON has it. */
  #text(text: string): void {
    const { length } = text
    this.#reserve(length + 2)
    const bytes = this.#bytes
    let at = this.#at
    bytes[at++] = QUOTE
    for (let index = 0; index < length; index++) {
      const unit = text.charCodeAt(index)
      if (unit < 0x20 || unit > 0x7e || unit === QUOTE || unit === BACKSLASH) {
        this.#encode(JSON.stringify(text))
        return
      }
      bytes[at++] = unit
    }
    bytes[at++] = QUOTE
    this.#at = at
  }

  /** A number as JSON has it. Whole ones and those of at most three decimals without the way over a text. */
  #number(value: number): void {
    this.#reserve(NUMBER_BYTES)
    const whole = Math.floor(value)
    const thousandths = Math.round((value - whole) * 1000)
    if (!(value >= 0 && value <= Number.MAX_SAFE_INTEGER)) this.#ascii(JSON.stringify(value))
    else if (whole === value) this.#digits(whole, 1)
    else if (thousandths === 1000 || whole >= SMALL || (whole * 1000 + thousandths) / 1000 !== value)
      this.#ascii(JSON.stringify(value))
    else {
      this.#digits(whole, 1)
      this.#byte(POINT)
      if (thousandths % 100 === 0) this.#digits(thousandths / 100, 1)
      else if (thousandths % 10 === 0) this.#digits(thousandths / 10, 2)
      else this.#digits(thousandths, 3)
    }
  }

  /** A whole number, filled up with zeros to so many digits. */
  #digits(value: number, least: number): void {
    if (value >= SMALL) {
      const high = Math.floor(value / SMALL)
      this.#digits(high, least - 9)
      this.#digits(value - high * SMALL, 9)
      return
    }
    let count = 1
    for (let rest = (value / 10) | 0; rest > 0; rest = (rest / 10) | 0) count++
    if (count < least) count = least
    const bytes = this.#bytes
    let rest = value | 0
    for (let at = this.#at + count - 1; at >= this.#at; at--) {
      const next = (rest / 10) | 0
      bytes[at] = DIGIT_0 + rest - next * 10
      rest = next
    }
    this.#at += count
  }

  #ascii(text: string): void {
    this.#reserve(text.length)
    for (let index = 0; index < text.length; index++) this.#bytes[this.#at++] = text.charCodeAt(index)
  }

  #encode(text: string): void {
    this.#reserve(text.length * MOST_BYTES_PER_UNIT)
    this.#at += encoder.encodeInto(text, this.#bytes.subarray(this.#at)).written
  }

  #byte(byte: number): void {
    if (this.#at === this.#bytes.length) this.#reserve(1)
    this.#bytes[this.#at++] = byte
  }

  #reserve(sizeBytes: number): void {
    const wanted = this.#at + sizeBytes
    if (wanted <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(wanted, this.#bytes.length * 2))
    grown.set(this.#bytes.subarray(0, this.#at))
    this.#bytes = grown
  }
}
