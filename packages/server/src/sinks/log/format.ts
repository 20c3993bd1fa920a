import { pino } from 'pino'
import { LEVELS, type Level, type Line } from './lines.js'

/** Makes one line of text, its line break included. Never throws. */
export type Format = (line: Line) => string

/** One JSON object a line: `level`, `timestamp` (ISO 8601, UTC), `event`, the routing data, `message`. */
export function jsonFormat(): Format {
  let made = ''
  const customLevels = Object.fromEntries(LEVELS.map((level, index) => [level, (index + 2) * 10])) as Record<
    Level,
    number
  >
  const logger = pino<Level, true>(
    {
      base: null,
      timestamp: false,
      messageKey: 'message',
      customLevels,
      useOnlyCustomLevels: true,
      level: 'debug',
      formatters: { level: (label) => ({ level: label }) },
    },
    {
      write: (text: string) => {
        made = text
      },
    },
  )
  return ({ level, at, event, message, fields }) => {
    logger[level]({ timestamp: isoTime(at), event, ...fields }, message)
    return made.replace(UNSAFE_IN_JSON, escaped)
  }
}

/** One sentence a line: `2026-02-15T12:00:00.000Z INFO: Session started: s-1`. */
export function textFormat({ level, at, message }: Line): string {
  return `${isoTime(at)} ${level.toUpperCase()}: ${message.replace(UNSAFE_IN_TEXT, escaped)}\n`
}

function isoTime(at: number): string {
  return new Date(at).toISOString()
}

// A name that comes from outside may carry line breaks (a forged line), terminal commands, or marks that turn the
// reading direction. In JSON the first 32 characters are escaped already, and an escape stands for the character itself.
const UNSAFE_IN_JSON = /[\u007F-\u009F\u2028\u2029\u200E\u200F\u202A-\u202E\u2066-\u2069]/g
const UNSAFE_IN_TEXT = /[\p{Cc}\u2028\u2029\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
