import type { Sink } from '@mcp-vitals/instrument/stream'
import { redactSentence } from '../../redact/index.js'
import { createDestination, type Destination } from './destination.js'
import { faultOf } from './fault.js'
import { formatFor } from './format.js'
import { FORMS, type Form, rankOf } from './forms.js'
import { type Level, type Line, type LineFields, type LineSource, lineOf } from './lines.js'
import type { LogOptions } from './options.js'
import { rotatingTarget } from './rotate.js'
import { type LogStream, targetOf } from './target.js'

/** Most events that wait for the log; the newest beyond it are dropped, and counted by the stream. */
const QUEUE_LIMIT = 10_000
/** Lines are written together: nobody reads faster, and a write costs as much for one as for many. */
const LINGER_MS = 50
/** Most lines of our own that wait; the newest beyond it are dropped and counted in `dropped`. */
const OWN_LIMIT = 1_000

/** The program’s own messages, in the same form as the lines of events. Never blocks, never throws. */
export interface Logger {
  /** `event`: a word out of a bounded list, such as `daemon_started`. `message`: a sentence without personal data. */
  debug(event: string, message: string, fields?: LineFields): void
  info(event: string, message: string, fields?: LineFields): void
  warning(event: string, message: string, fields?: LineFields): void
  error(event: string, message: string, fields?: LineFields): void
  /** An error of somebody else: class, code and our own frames; its message only with the option `rawErrors`. */
  fault(event: string, where: string, error: unknown): void
  /** Lines lost: a destination failed or too many waited. */
  readonly dropped: number
  /** Resolves when every line so far is out or lost. */
  flush(): Promise<void>
}

export interface LogSink extends Sink {
  readonly logger: Logger
  /** From now on every line that is written is told as well. `hear` must neither block nor throw. */
  attach(hear: (lines: readonly Line[]) => void): void
}

export interface LogSetup {
  /** Gets every line; the file of the options, where one is named, gets them too. */
  readonly stream: LogStream
  readonly options: LogOptions
  /** Time of the program’s own lines, milliseconds since 1970. Events bring their own. */
  readonly now: () => number
}

/**
 * The log: a line for every event at or above the level, and for the program’s own messages. A destination that fails
 * (closed pipe, full disk) loses what was being written, which is counted, and is tried again with the next lines; the
 * others go on. The stream stays open at `close`.
 */
export function createLogSink(setup: LogSetup): LogSink {
  const { options, now } = setup
  const form: Form = FORMS[options.form]
  const least = rankOf(options.level)
  const isWanted = (level: Level) => rankOf(level) >= least
  const graded = (source: LineSource, own: Level) => {
    const level = form.grade?.(source, own) ?? own
    return isWanted(level) ? level : undefined
  }
  const destinations = destinationsOf(setup, (name, code) => {
    // Of one that fails alone, its own warning tells when it works again.
    if (destinations.length > 1)
      say('error')('log_failing', `Lines are being lost on ${name}: ${code}`, { destination: name, code })
  })
  let tail: Promise<unknown> = Promise.resolve()
  let waiting = 0
  let overflowed = 0

  const listeners: ((lines: readonly Line[]) => void)[] = []

  function write(lines: readonly Line[]) {
    for (const hear of listeners) hear(lines)
    const turn = Promise.all(destinations.map((destination) => destination.write(lines)))
    tail = turn
    return turn
  }

  const say =
    (level: Level) =>
    (event: string, message: string, fields: LineFields = {}) => {
      const line = {
        source: 'own',
        level,
        at: now(),
        event,
        message: redactSentence(message),
        fields: redacted(fields),
      } as const
      if (!isWanted(level)) return
      if (waiting >= OWN_LIMIT) {
        overflowed++
        return
      }
      waiting++
      void write([line]).finally(() => waiting--)
    }

  return {
    name: 'log',
    queueLimit: QUEUE_LIMIT,
    lingerMs: LINGER_MS,
    async write(batch) {
      const lines = batch.map(({ event }) => lineOf(event, graded)).filter((line) => line !== undefined)
      if (lines.length === 0) return
      const faults = await write(lines)
      if (faults[0] && !faults.includes(undefined)) throw faults[0].error
    },
    attach(hear) {
      listeners.push(hear)
    },
    async close() {
      await tail
      for (const destination of destinations) await destination.close().catch(() => {})
    },
    logger: {
      debug: say('debug'),
      info: say('info'),
      warning: say('warning'),
      error: say('error'),
      fault(event, where, error) {
        const { message, fields } = faultOf(error, options.rawErrors)
        say('error')(event, `${where}: ${message}`, fields)
      },
      get dropped() {
        return destinations.reduce((sum, { lost }) => sum + lost, overflowed)
      },
      async flush() {
        await tail
      },
    },
  }
}

function destinationsOf(
  { stream, options, now }: LogSetup,
  onTrouble: (name: string, code: string) => void,
): readonly Destination[] {
  const { file, maxSizeBytes, maxFiles } = options
  const common = { now, onTrouble }
  const console = createDestination({
    ...common,
    name: 'standard output',
    target: targetOf(stream),
    format: formatFor(options, stream.isTTY === true),
  })
  if (file === undefined) return [console]
  const target = rotatingTarget({ file, maxSizeBytes, maxFiles })
  return [console, createDestination({ ...common, name: `file ${file}`, target, format: formatFor(options, false) })]
}

function redacted(fields: LineFields): LineFields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, typeof value === 'string' ? redactSentence(value) : value]),
  )
}
