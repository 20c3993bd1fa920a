import { join } from 'node:path'
import { type Event, OWN_SERVER } from '@mcp-vitals/instrument/event'
import { watchPush } from '@mcp-vitals/instrument/metrics'
import type { Sink } from '@mcp-vitals/instrument/stream'
import type { Config } from '../config/index.js'
import type { Push, PushedLine } from '../push/index.js'
import { formatFor, type Line, type LogSink } from '../sinks/log/index.js'
import { VERSION } from '../version/index.js'
import type { Observation } from './observe.js'
import type { SeriesService } from './series.js'

/** Most events, and most lines, that are kept for receivers that are not opened yet; those beyond it are dropped and counted. */
const MAX_EARLY = 1000
/** Most events that wait for their turn. */
const QUEUE_LIMIT = 10_000

/** What is pushed elsewhere. */
export interface Pushing {
  /** Where spans are pushed. */
  readonly sinks: readonly Sink[]
  /** Whether OpenTelemetry's metrics are pushed, and so to be counted. */
  readonly tellsOpenTelemetry: boolean
  /** Opens the receivers, and begins with what came before. */
  start(needs: { readonly observation: Observation; readonly series: SeriesService }): Promise<void>
  /** Sends for at most two seconds; what is left is sent after the next start. */
  close(): Promise<void>
}

const NOTHING: Pushing = { sinks: [], tellsOpenTelemetry: false, start: async () => {}, close: async () => {} }

/** Prepares what the configuration has pushed. A daemon that pushes nothing loads nothing of it. */
export function createPushing(config: Config, dataDir: string, log: LogSink): Pushing {
  const { push: options } = config
  if (!Object.values(options).some(isOn)) return NOTHING
  const { otlp } = options
  const { logger } = log
  const format = formatFor(config.log, false)
  let push: Push | undefined
  let early: { readonly events: Early<Event>; readonly lines: Early<PushedLine> } | undefined = {
    events: { kept: [], lost: 0 },
    lines: { kept: [], lost: 0 },
  }

  log.attach((lines) => {
    const taken = lines.map((line) => pushed(line, format))
    if (push) push.takeLines(taken)
    else if (early) keep(early.lines, taken)
  })
  const sink: Sink = {
    name: 'push',
    queueLimit: QUEUE_LIMIT,
    async write(batch) {
      const events = batch.map(({ event }) => event)
      if (push) push.takeEvents(events)
      else if (early) keep(early.events, events)
    },
    async close() {},
  }
  return {
    sinks: isOn(otlp) && otlp.traces ? [sink] : [],
    tellsOpenTelemetry: isOn(otlp) && otlp.metrics,
    async start({ observation, series }) {
      const { openPush } = await import('../push/index.js')
      const about = {
        version: VERSION,
        labels: series.labels(),
        startedAtMs: Math.round(Date.now() - process.uptime() * 1000),
        ...{ shown: observation.view, whole: observation.whole, targets: series.targets },
      }
      const opened = await openPush(options, about, {
        dir: join(dataDir, 'push'),
        fetch,
        now: Date.now,
        random: Math.random,
        onFailing: ({ way, problem }) =>
          logger.warning('push_failing', `What is pushed to ${way} waits: the receiver ${problem}`, { receiver: way }),
        onRefused: ({ way, problem, isWhole }) => {
          const what = isWhole ? 'What is' : 'A part of what was'
          logger.error('push_refused', `${what} pushed to ${way} is lost: the receiver ${problem}`, { receiver: way })
        },
        onWarned: ({ way, problem }) =>
          logger.warning('push_warned', `The receiver ${way} took what was pushed, and ${problem}`, { receiver: way }),
        onWell: (way) => logger.info('push_recovered', `The receiver ${way} takes what is pushed`, { receiver: way }),
        onFault: (error) => logger.fault('push_fault', 'Pushing', error),
      })
      watchPush(observation.registry, opened.stats)
      push = opened
      if (early) {
        push.takeLines(early.lines.kept, early.lines.lost)
        push.takeEvents(early.events.kept, early.events.lost)
      }
      early = undefined
    },
    async close() {
      await push?.close()
    },
  }
}

/** What came before the receivers were opened. */
interface Early<T> {
  readonly kept: T[]
  /** How many there was no room for. */
  lost: number
}

function keep<T>(early: Early<T>, items: readonly T[]): void {
  const taken = items.slice(0, MAX_EARLY - early.kept.length)
  early.kept.push(...taken)
  early.lost += items.length - taken.length
}

/** Whether a receiver has an address. */
function isOn(receiver: Config['push'][keyof Config['push']]): boolean {
  return ('url' in receiver ? receiver.url : (receiver as { endpoint?: string }).endpoint) !== undefined
}

/** The line, whose text is made when somebody asks for it. */
function pushed(line: Line, format: (line: Line) => string): PushedLine {
  const { level, at, event, message, fields } = line
  const known = { level, at, event, message, fields: 'server' in fields ? fields : { ...fields, server: OWN_SERVER } }
  return {
    ...known,
    get text() {
      return format(line).trimEnd()
    },
  }
}
