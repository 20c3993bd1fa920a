import { FORMS, type Form, type FormName } from './forms.js'
import { LEVELS, type Level, type Line } from './lines.js'
import { escaped, quoted } from './members.js'

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
    LEVELS.map((level) => [level, `{${quoted(levelKey)}:${quoted(levelWord(level))}`]),
  ) as Record<Level, string>
  return (line) => `${openings[line.level]}${json(line)}}\n`
}

const UNSAFE_IN_TEXT = /[\p{Cc}\u2028\u2029\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu
