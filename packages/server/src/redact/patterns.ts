import { isCard, isForeignIpv4, isForeignIpv6, isIban, isRandom } from './checks.js'
import { MARKED_KEY } from './keys.js'

/** One kind of datum that must not stand in a name: `[kind]` stands for it. */
export interface Kind {
  readonly kind: string
  /** Global. Every repetition is bounded or over one class that ends it, so that time grows with the text alone. */
  readonly pattern: RegExp
  /** What a match must pass as well. */
  readonly isOne?: (match: string) => boolean
  /**
   * A guess by shape, which numbers that are no personal data share. Ids, whose shape is such, are not searched for
   * these.
   */
  readonly isGuess?: true
  /** A row of digits (and few letters), as chance puts them into a UUID too: not searched for inside of one. */
  readonly isDigits?: true
}

/**
 * A UUID (RFC 9562), of whatever version. One without a letter is none: chance makes one in three million, and a number
 * could stand in it.
 */
export const UUID =
  /(?<![A-Za-z0-9])(?=[\d-]{0,35}[a-f])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![A-Za-z0-9])/gi

/** In this order: what holds others comes first. */
export const KINDS: readonly Kind[] = [
  { kind: 'pem', pattern: /-----BEGIN [A-Z0-9 ]{1,40}-----[^-]*(?:-----END [A-Z0-9 ]{1,40}-----)?/g },
  {
    kind: 'credentials',
    pattern: /(?<![A-Za-z0-9])[A-Za-z][A-Za-z0-9+.-]{1,20}:\/\/[^\s/?#@]{1,300}@[^\s/?#]{0,300}/g,
  },
  { kind: 'webhook', pattern: /\bhooks\.slack\.com\/[\w/-]+|\bdiscord(?:app)?\.com\/api\/webhooks\/[\w/-]+/g },
  {
    kind: 'bearer',
    pattern: /(?<![A-Za-z0-9])(?:bearer|basic)[ :=]{1,3}(?=[^\s\d]{0,200}[\d=])[A-Za-z0-9._~+/=-]{8,}/gi,
  },
  { kind: 'key', pattern: MARKED_KEY },
  { kind: 'key', pattern: /(?<![A-Za-z0-9])[A-Za-z0-9_-]{23,28}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,}/g },
  { kind: 'key', pattern: /(?<![A-Za-z0-9])[0-9a-f]{32}-us\d{1,2}\b/g },
  {
    kind: 'secret',
    pattern:
      /\b(?:[A-Za-z]{0,20}[_-]?)?(?:api[_-]?key|secret|password|passwd|pwd|token|access[_-]?key|account[_-]?key|authorization|cookie|sig)["']?(?:=|:\s)\s{0,3}["']?[^\s"',;&]{4,}/gi,
  },
  { kind: 'query', pattern: /\?[\w.~%[\]-]{1,100}=\S*/g },
  {
    kind: 'email',
    pattern:
      /[\p{L}\p{N}._%+-]{1,64}(?:@|%40|\s?[([{]\s?at\s?[)\]}]\s?)(?!\d{1,6}\.\d)[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63}){0,6}\.\p{L}{2,24}/giu,
  },
  {
    kind: 'iban',
    pattern: /(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]{2,4}){3,8}(?![A-Za-z0-9])/g,
    isOne: isIban,
    isDigits: true,
  },
  { kind: 'ip', pattern: /(?<![A-Za-z0-9.-])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]*\d)/g, isOne: isForeignIpv4 },
  { kind: 'ip', pattern: /(?<![A-Za-z0-9:.])[0-9A-Fa-f:]{4,39}(?![\w:])/g, isOne: isForeignIpv6 },
  { kind: 'card', pattern: /(?<!\d)\d(?:[ -]?\d){11,18}(?!\d)/g, isOne: isCard, isDigits: true },
  { kind: 'phone', pattern: /(?:\+|%2B)\d(?:[ ().-]{0,2}\d){6,14}/g, isDigits: true },
  {
    kind: 'phone',
    pattern: /(?<![A-Za-z0-9])\(?\d{2,4}\)?[ .-]?\d{2,4}(?:[ .-]\d{2,4}){1,3}(?![A-Za-z0-9])/g,
    isOne: (match) => match.replace(/\D/g, '').length >= 9,
    isGuess: true,
    isDigits: true,
  },
  { kind: 'number', pattern: /\d{9,}/g, isGuess: true, isDigits: true },
  { kind: 'key', pattern: /(?<![A-Za-z0-9])[0-9A-Fa-f]{32,}(?![A-Za-z0-9])/g, isGuess: true },
  { kind: 'key', pattern: /[A-Za-z0-9+]{32,}/g, isOne: isRandom, isGuess: true },
]
