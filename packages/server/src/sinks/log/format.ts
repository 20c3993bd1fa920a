import { FORMS, type Form, type FormName } from './forms.js'
import { LEVELS, type Level, type Line } from './lines.js'

/** Makes one line of text, its line break included. Never throws. */
export type Format = (line: Line) => string

/** What decides how lines look. */
export interface Look {
  readonly form: FormName
  readonly format: 'auto' | 'json' | 'text'
  /** Whether a line of text begins with the time. */
  readonly timestamps: boolean
}

/** The format for one destination. `auto` is what the form says, else text where a person reads. */
export function formatFor({ form, format, timestamps }: Look, isTerminal: boolean): Format {
  const found: Form = FORMS[form]
  const chosen = format === 'auto' ? (found.auto ?? (isTerminal ? 'text' : 'json')) : format
  return chosen === 'json'
    ? jsonFormat(found)
    : (line) => `${found.text(line, timestamps).replace(UNSAFE_IN_TEXT, escaped)}\n`
}

/** One JSON object a line. */
function jsonFormat({ levelKey, levelWord, json }: Form): Format {
  const openings = Object.fromEntries(
    LEVELS.map((level) => [level, `{${JSON.stringify(levelKey)}:${JSON.stringify(levelWord(level))},`]),
  ) as Record<Level, string>
  // The level stands first; each form has other keys, whose text begins with a brace.
  return (line) => `${openings[line.level]}${safe(JSON.stringify(json(line))).slice(1)}\n`
}

const DELETE = '\u007F'

/** Most text is ASCII, which is seen much faster than each character is looked at. */
function safe(text: string): string {
  const isPlain = Buffer.byteLength(text) === text.length && !text.includes(DELETE)
  return isPlain ? text : text.replace(UNSAFE_IN_JSON, escaped)
}

// A name that comes from outside may carry line breaks (a forged line), terminal commands, or marks that turn the
// reading direction. In JSON the first 32 characters are escaped already, and an escape stands for the character itself.
const UNSAFE_IN_JSON = /[\u007F-\u009F\u2028\u2029\u200E\u200F\u202A-\u202E\u2066-\u2069]/g
const UNSAFE_IN_TEXT = /[\p{Cc}\u2028\u2029\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
