import { cutText, hashUnits } from './keys.js'
import { Sha256 } from './sha256.js'

const BACKSLASH = 0x5c
const LETTER_U = 0x75
/** Bytes decoded at a time: what may be held beyond a limit. */
const BLOCK_BYTES = 256
const SIMPLE_ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }

/**
 * Decodes the inside of one JSON string (already known to be valid) that comes in pieces, and keeps no more than a
 * limit of it. Bytes that are no UTF-8 become U+FFFD, as everywhere on the web.
 */
export class TextCapture {
  #text = ''
  #limit = 0
  #keyed = false
  #hash: Sha256 | undefined
  /** 0: plain. 1: after a backslash. 2 to 5: so many minus two hexadecimal digits of `\u` were read. */
  #escape = 0
  #unit = 0
  #decoder: TextDecoder | undefined
  #decoding = false

  /**
   * Begins a string. `limit`: most UTF-16 units kept. `keyed`: the value is wanted as a key, so a longer one is
   * represented by its hash instead of by its beginning.
   */
  start(limit: number, keyed: boolean): void {
    if (this.#decoding) this.#decoder?.decode()
    this.#text = ''
    this.#limit = limit
    this.#keyed = keyed
    this.#hash = undefined
    this.#escape = 0
    this.#decoding = false
  }

  /** Takes `bytes[from, to)`: the string's raw bytes, escapes included, cut anywhere. */
  feed(bytes: Uint8Array, from: number, to: number): void {
    if (!this.#decoding && this.#escape === 0 && to - from <= BLOCK_BYTES && isPlain(bytes, from, to)) {
      this.#take(ascii(bytes, from, to))
      return
    }
    for (let at = from; at < to && !this.#full(); at += BLOCK_BYTES) {
      this.#decoder ??= new TextDecoder('utf-8', { ignoreBOM: true })
      this.#decoding = true
      const block = bytes.subarray(at, Math.min(to, at + BLOCK_BYTES))
      this.#unescape(this.#decoder.decode(block, { stream: true }))
    }
  }

  /** The string's end. Text; of a keyed one `=` and the text, or `#` and the hash of its UTF-16 units. */
  finish(): string {
    if (this.#decoding) {
      this.#decoding = false
      this.#unescape(this.#decoder?.decode() ?? '')
    }
    if (!this.#keyed) return cutText(this.#text, this.#limit)
    return this.#hash ? `#${this.#hash.digest()}` : `=${this.#text}`
  }

  #full(): boolean {
    return !this.#keyed && this.#text.length > this.#limit
  }

  #unescape(text: string): void {
    let plainFrom = 0
    for (let i = 0; i < text.length; i++) {
      const c = text.charCodeAt(i)
      if (this.#escape === 0) {
        if (c !== BACKSLASH) continue
        if (i > plainFrom) this.#take(text.slice(plainFrom, i))
        this.#escape = 1
      } else if (this.#escape === 1) {
        this.#escape = c === LETTER_U ? 2 : 0
        this.#unit = 0
        if (c !== LETTER_U) this.#take(SIMPLE_ESCAPES[text[i]!] ?? text[i]!)
      } else {
        this.#unit = this.#unit * 16 + Number.parseInt(text[i]!, 16)
        this.#escape = this.#escape === 5 ? 0 : this.#escape + 1
        if (this.#escape === 0) this.#take(String.fromCharCode(this.#unit))
      }
      plainFrom = i + 1
    }
    if (this.#escape === 0 && plainFrom < text.length) this.#take(text.slice(plainFrom))
  }

  #take(text: string): void {
    if (this.#hash) hashUnits(this.#hash, text)
    else if (this.#keyed && this.#text.length + text.length > this.#limit) {
      this.#hash = new Sha256()
      hashUnits(this.#hash, this.#text + text)
      this.#text = ''
    } else if (!this.#full()) this.#text += text
  }
}

function isPlain(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i]! >= 0x80 || bytes[i] === BACKSLASH) return false
  return true
}

/** From this length on a decoder is quicker than adding character to character. */
const DECODED_FROM = 12
const DECODER = new TextDecoder()

function ascii(bytes: Uint8Array, from: number, to: number): string {
  if (to - from >= DECODED_FROM) return DECODER.decode(bytes.subarray(from, to))
  let text = ''
  for (let i = from; i < to; i++) text += String.fromCharCode(bytes[i]!)
  return text
}
