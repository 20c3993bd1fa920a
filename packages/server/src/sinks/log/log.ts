import type { Sink } from '@mcp-vitals/instrument/stream'
import { jsonFormat, textFormat } from './format.js'
import { LEVELS, type Level, type LineFields, lineOf } from './lines.js'
import type { LogOptions } from './options.js'
import { type LogStream, targetOf } from './target.js'

/** Most events that wait for the log; the newest beyond it are dropped, and counted by the stream. */
const QUEUE_LIMIT = 10_000
/** Most lines of our own that wait; the newest beyond it are dropped and counted in `dropped`. */
const OWN_LIMIT = 1_000

/** The program’s own messages, in the same form as the lines of events. Never blocks, never throws. */
export interface Logger {
  /** `event`: a word out of a bounded list, such as `daemon_started`. `message`: a sentence without personal data. */
  debug(event: string, message: string, fields?: LineFields): void
  info(event: string, message: string, fields?: LineFields): void
  warning(event: string, message: string, fields?: LineFields): void
  error(event: string, message: string, fields?: LineFields): void
  /** Lines lost: the stream failed or too many waited. */
  readonly dropped: number
  /** Resolves when every line so far is out or lost. */
  flush(): Promise<void>
}

export interface LogSink extends Sink {
  readonly logger: Logger
}

export interface LogSetup {
  readonly stream: LogStream
  readonly options: LogOptions
  /** Time of the program’s own lines, milliseconds since 1970. Events bring their own. */
  readonly now: () => number
}

/**
 * The log: a line for every event at or above the level, and for the program’s own messages. A stream that fails (closed
 * pipe, full disk) loses what was being written, which is counted, and is tried again with the next lines. The stream
 * stays open at `close`.
 */
export function createLogSink({ stream, options, now }: LogSetup): LogSink {
  const target = targetOf(stream)
  const asText = options.format === 'auto' ? stream.isTTY === true : options.format === 'text'
  const format = asText ? textFormat : jsonFormat()
  const least = LEVELS.indexOf(options.level === 'warn' ? 'warning' : options.level)
  const isWanted = (level: Level) => LEVELS.indexOf(level) >= least
  let tail: Promise<void> = Promise.resolve()
  let waiting = 0
  let dropped = 0

  /** Lines of both kinds take turns, so that none stands inside another. */
  function inTurn(text: string): Promise<void> {
    const turn = tail.then(() => target(text))
    tail = turn.catch(() => {})
    return turn
  }

  const say =
    (level: Level) =>
    (event: string, message: string, fields: LineFields = {}) => {
      if (!isWanted(level)) return
      if (waiting >= OWN_LIMIT) {
        dropped++
        return
      }
      waiting++
      inTurn(format({ level, at: now(), event, message, fields }))
        .catch(() => dropped++)
        .finally(() => waiting--)
    }

  return {
    name: 'log',
    queueLimit: QUEUE_LIMIT,
    async write(batch) {
      const lines = batch.map(({ event }) => lineOf(event)).filter(({ level }) => isWanted(level))
      if (lines.length > 0) await inTurn(lines.map(format).join(''))
    },
    close: () => tail,
    logger: {
      debug: say('debug'),
      info: say('info'),
      warning: say('warning'),
      error: say('error'),
      get dropped() {
        return dropped
      },
      flush: () => tail,
    },
  }
}
