import { KINDS, type Kind, UUID } from './patterns.js'

/** Longest text that is looked at, UTF-16 units. What is longer is cut first: no name is. */
export const MAX_LENGTH = 1_024
/** Shorter than the shortest datum of any kind. */
const MIN_LENGTH = 7

const SURE = KINDS.filter(({ isGuess }) => !isGuess)
/** What looks like another character, or like none, is read as what it looks like (NFKC, Unicode Standard Annex 15). */
const NOT_PLAIN = /[^\x20-\x7e]/
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/gu

/** `text` with every secret or personal datum that has a known form as its kind in brackets: `mail_[email]`. */
export function redact(text: string): string {
  return text.length < MIN_LENGTH ? text : without(text, KINDS)
}

/** The same for a sentence of our own, where a number alone says nothing of a person. */
export function redactSentence(text: string): string {
  return text.length < MIN_LENGTH ? text : without(text, SURE)
}

/** Words after which a text is a sentence, unless each begins like a title. */
const NAME_WORDS = 3
const TITLE_WORDS = 6
const SENTENCE_MARK = /[?!;,"“”„«»\n\r]|[:.](?=\s|$)/

/**
 * The same for a name (of a tool, a prompt, a client …). No pattern finds a person’s name or address, but no name is a
 * sentence either, so a sentence in a name’s place is `[text]`.
 */
export function redactName(text: string): string {
  return isSentence(text) ? '[text]' : redact(text)
}

function isSentence(text: string): boolean {
  if (!/\s/.test(text)) return false
  if (SENTENCE_MARK.test(text)) return true
  const words = text
    .replace(/\([^()]{0,100}\)/g, '')
    .trim()
    .split(/\s+/)
  return words.length > TITLE_WORDS || (words.length > NAME_WORDS && words.some((word) => /^\p{Ll}/u.test(word)))
}

function without(text: string, kinds: readonly Kind[]): string {
  const known = text.slice(0, MAX_LENGTH)
  const read = NOT_PLAIN.test(known) ? known.normalize('NFKC').replace(INVISIBLE, '') : known
  const found = kinds.reduce((rest, kind) => (kind.isDigits ? outsideUuids(rest, kind) : masked(rest, kind)), read)
  const kept = found === read ? known : found.slice(0, MAX_LENGTH)
  return text.length > MAX_LENGTH ? `${kept}…` : kept
}

function masked(text: string, { kind, pattern, isOne }: Kind): string {
  return text.replace(pattern, (match) => (isOne === undefined || isOne(match) ? `[${kind}]` : match))
}

/** What stands beside a UUID is looked at as if a gap were in its place. */
function outsideUuids(text: string, kind: Kind): string {
  const parts: string[] = []
  let from = 0
  for (const { 0: uuid, index } of text.matchAll(UUID)) {
    parts.push(masked(text.slice(from, index), kind), uuid)
    from = index + uuid.length
  }
  return parts.length === 0 ? masked(text, kind) : [...parts, masked(text.slice(from), kind)].join('')
}
