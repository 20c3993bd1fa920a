/** Most bytes of a head: four times what node:http takes by itself, since some servers and clients take more. */
export const MAX_HEAD_BYTES = 65_536

/** What a server sent is no answer of HTTP/1.1 (RFC 9112); the message says why, as the end of a sentence. */
export class InvalidAnswer extends Error {}

/** The head of an answer, its headers in node:http's raw form (name, value, name, value …): order and case as they came. */
export interface AnswerHead {
  readonly status: number
  readonly message: string
  readonly rawHeaders: readonly string[]
}

/** How the body of an answer ends. */
export type BodyEnd = number | 'chunked' | 'close'

/** What a head says of its message and its connection. */
export interface ReadHead extends AnswerHead {
  /** Bytes of the body, where its length is known. An answer to HEAD, and some statuses, have none whatever it says. */
  readonly bodyEnd: BodyEnd
  /** The connection can be used again after this answer. */
  readonly keepsAlive: boolean
  /** How long the server says that it keeps the connection; undefined where it says nothing. */
  readonly keepAliveMs: number | undefined
}

/** Statuses without a body (RFC 9112, 6.3), beside the informational ones. */
const BODYLESS: ReadonlySet<number> = new Set([204, 304])

const STATUS_LINE = /^HTTP\/(1\.[01]) (\d{3})(?: (.*))?$/
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** Characters that no head has, and ends of lines that are none: who takes one for an end reads other headers than we do. */
const NOT_OF_A_HEAD = /[^\t\r\n\x20-\x7e\x80-\xff]|\r(?!\n)|(?<!\r)\n/
const LENGTH = /^\d{1,15}$/
/** Codings of a transfer, as a list whose last, and no other, cuts the body in chunks (RFC 9112, 6.1). */
const CHUNKED_LAST = /^(?:(?!chunked[\t ]*,)[!#$%&'*+\-.^_`|~0-9a-z]+[\t ]*,[\t ]*)*chunked$/i
const LIFETIME = /(?:^|[,\s])timeout=(\d{1,6})/i

/** Fails where no head could go on like this; a return at the end may still be half of a line's end. */
export function checkBeginning(text: string, maxBytes: number): void {
  if (!'HTTP/1.'.startsWith(text.slice(0, 7))) throw new InvalidAnswer('it does not begin as one of HTTP/1.1')
  checkCharacters(text.endsWith('\r') ? text.slice(0, -1) : text)
  checkLength(text, maxBytes)
}

function checkLength(text: string, maxBytes: number): void {
  if (text.length > maxBytes) throw new InvalidAnswer(`its head has more than ${maxBytes} bytes`)
}

/** Fails where a character stands in header lines that may not. */
export function checkCharacters(text: string): void {
  if (NOT_OF_A_HEAD.test(text)) throw new InvalidAnswer('its head has a character that may not be there')
}

/** Reads a head, one character a byte, without the empty line that ends it. @throws InvalidAnswer */
export function readHead(text: string, maxBytes: number): ReadHead {
  checkCharacters(text)
  checkLength(text, maxBytes)
  const end = lineEnd(text, 0)
  const [, version, code, message = ''] = STATUS_LINE.exec(text.slice(0, end)) ?? []
  if (code === undefined) throw new InvalidAnswer('its first line is none of HTTP/1.1')
  const status = Number(code)
  if (status < 100) throw new InvalidAnswer(`there is no status ${code}`)
  const rawHeaders = readHeaders(text, end + 2)
  return { status, message, rawHeaders, ...framing(rawHeaders, status, version === '1.1') }
}

/** Reads header lines from `from` on, up to the end of the text. @throws InvalidAnswer */
export function readHeaders(text: string, from: number): string[] {
  const raw: string[] = []
  for (let at = from; at < text.length; ) {
    const end = lineEnd(text, at)
    const colon = text.indexOf(':', at)
    const name = colon < 0 || colon >= end ? '' : text.slice(at, colon)
    if (!NAME.test(name)) throw new InvalidAnswer('a line of its head is no header')
    raw.push(name, trimmed(text, colon + 1, end))
    at = end + 2
  }
  return raw
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\r\n', from)
  return end < 0 ? text.length : end
}

/** The text between two places without blanks around it. */
function trimmed(text: string, from: number, to: number): string {
  let start = from
  let end = to
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

const isBlank = (code: number) => code === 0x20 || code === 0x09

/** RFC 9112, 6.3 and 9.3. What is said twice, or both ways, is refused: others may read it otherwise than we do. */
function framing(raw: readonly string[], status: number, isPersistent: boolean) {
  let length: string | undefined
  let coding: string | undefined
  let keepsAlive = isPersistent
  let keepAliveMs: number | undefined
  for (let at = 0; at < raw.length; at += 2) {
    const size = raw[at]!.length
    if (size !== 14 && size !== 17 && size !== 10) continue
    const value = raw[at + 1]!
    switch (raw[at]!.toLowerCase()) {
      case 'content-length':
        if (length !== undefined || !LENGTH.test(value)) throw new InvalidAnswer('its Content-Length is not one number')
        length = value
        break
      case 'transfer-encoding':
        // Without chunks at the end, a body that broke off could not be told from a whole one.
        if (coding !== undefined || !CHUNKED_LAST.test(value))
          throw new InvalidAnswer('its Transfer-Encoding does not end with chunked, once')
        coding = value
        break
      case 'connection':
        if (/(?:^|[,\s])close(?:[,\s]|$)/i.test(value)) keepsAlive = false
        else if (/(?:^|[,\s])keep-alive(?:[,\s]|$)/i.test(value)) keepsAlive = true
        break
      case 'keep-alive': {
        const seconds = LIFETIME.exec(value)?.[1]
        if (seconds !== undefined) keepAliveMs = Number(seconds) * 1000
      }
    }
  }
  if (length !== undefined && coding !== undefined)
    throw new InvalidAnswer('it has both a Content-Length and a Transfer-Encoding')
  const bodyEnd = bodyEndOf(length, coding, status)
  return { bodyEnd, keepsAlive: keepsAlive && bodyEnd !== 'close', keepAliveMs }
}

function bodyEndOf(length: string | undefined, coding: string | undefined, status: number): BodyEnd {
  if (status < 200 || BODYLESS.has(status)) return 0
  if (coding !== undefined) return 'chunked'
  return length === undefined ? 'close' : Number(length)
}
