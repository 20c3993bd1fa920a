import { KINDS, type Kind } from './patterns.js'

/** Longest text that is looked at, UTF-16 units. What is longer is cut first: no name is. */
export const MAX_LENGTH = 1_024
/** Shorter than the shortest datum of any kind. */
const MIN_LENGTH = 7

const SURE = KINDS.filter(({ isGuess }) => !isGuess)
/** Ids as we and others make them: hexadecimal, in groups or not. */
const PLAIN_ID = /^[0-9a-f-]{1,36}$/

/** `text` with every secret or personal datum that has a known form as its kind in brackets: `mail_[email]`. */
export function redact(text: string): string {
  return text.length < MIN_LENGTH ? text : without(text, KINDS)
}

/** The same for a sentence of our own, where a number alone says nothing of a person. */
export function redactSentence(text: string): string {
  return text.length < MIN_LENGTH ? text : without(text, SURE)
}

/** The same for an id, in which no space stands and where a number alone says nothing of a person. */
export function redactId(text: string): string {
  if (PLAIN_ID.test(text)) return text
  return /\s/.test(text) ? '[text]' : redactSentence(text)
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
  const known = text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text
  return kinds.reduce(
    (rest, { kind, pattern, isOne }) =>
      rest.replace(pattern, (match) => (isOne === undefined || isOne(match) ? `[${kind}]` : match)),
    known,
  )
}
