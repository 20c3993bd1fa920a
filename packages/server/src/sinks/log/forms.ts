import { fieldMembers, LEVELS, type Level, type Line, type LineFields, type LineSource } from './lines.js'
import { type Members, membersOf, quoted } from './members.js'

type Keys = Readonly<Record<string, unknown>>

/** How the lines of one kind of reader are made. */
export interface Form {
  /** For the reference: what it is and for whom. */
  readonly doc: string
  /** What `auto` means; absent: text on a terminal, else JSON. */
  readonly auto?: 'json' | 'text'
  /** The key of the level in JSON, and its words, where they are not the level’s own. */
  readonly levelKey: string
  readonly levelWord: (level: Level) => string
  /** Level of a line, where this form’s readers want another. */
  readonly grade?: (source: LineSource, level: Level) => Level
  /** What stands behind the level in JSON. */
  readonly json: (line: Line) => Members
  /** One sentence, with the time in front unless `hasTime` is false. */
  readonly text: (line: Line, hasTime: boolean) => string
}

const own = (level: Level) => level
const upper = (level: Level) => level.toUpperCase()

/** `2026-02-15T12:00:00.000Z INFO: Session started: s-1` */
function plainText({ level, at, message: own }: Line, hasTime: boolean, message = own): string {
  return `${hasTime ? `${isoTime(at)} ` : ''}${upper(level)}: ${message}`
}

/** Everything that is known of a line. */
function known(line: Line, message: string): Members {
  return `,"timestamp":"${isoTime(line.at)}","event":${quoted(line.event)}${fieldMembers(line)},"message":${quoted(message)}`
}

/** Every form there is. */
export const FORMS = {
  'mcp-vitals': {
    doc: 'Everything that is known: `level`, `timestamp`, `event`, the fields of [the event](events.md), `message`.',
    levelKey: 'level',
    levelWord: own,
    json: (line) => known(line, line.message),
    text: plainText,
  },
  messaging: {
    doc: 'For systems through which agents send messages: `level`, `timestamp` (to the second), `event`, then routing data.',
    auto: 'json',
    levelKey: 'level',
    levelWord: own,
    json: ({ at, event, source, fields }) =>
      membersOf({
        timestamp: `${isoTime(at).slice(0, -5)}Z`,
        event,
        ...routingOf(fields, APPLICATION_FACTS.has(source) ? FACT_OMITTED : OMITTED),
      }),
    text: plainText,
  },
  plugins: {
    doc: 'For servers that run plugin commands, as Python’s logging writes: `asctime`, `name`, `levelname`, `message`, `type` and what its category has.',
    auto: 'json',
    levelKey: 'levelname',
    levelWord: upper,
    grade: (source, level) => (source === 'http' && level === 'debug' ? 'info' : level),
    json: (line) =>
      membersOf({ asctime: pythonTime(line.at), name: LOGGER, message: line.message, ...categoryOf(line) }),
    text: ({ at, level, message }, hasTime) =>
      `${hasTime ? `${pythonTime(at)} - ` : ''}${LOGGER} - ${upper(level)} - ${message}`,
  },
  letta: {
    doc: 'For servers that turn plugins into tools: sentences such as `INFO: Session started: session-123`.',
    auto: 'text',
    levelKey: 'level',
    levelWord: own,
    json: (line) => known(line, lettaMessage(line)),
    text: (line, hasTime) => plainText(line, hasTime, lettaMessage(line)),
  },
  dust: {
    doc: 'For log shippers: `level`, `timestamp`, `message`, then the fields of the event.',
    auto: 'json',
    levelKey: 'level',
    levelWord: own,
    json: (line) =>
      `,"timestamp":"${isoTime(line.at)}","message":${quoted(line.message)},"event":${quoted(line.event)}${fieldMembers(line)}`,
    text: plainText,
  },
} as const satisfies Readonly<Record<string, Form>>

export type FormName = keyof typeof FORMS

/** The least grave level that is written, by an option’s word. */
export function rankOf(level: Level | 'warn'): number {
  return LEVELS.indexOf(level === 'warn' ? 'warning' : level)
}

/** Events that an application tells of itself: its agents and channels, and no MCP server. */
const APPLICATION_FACTS: ReadonlySet<string> = new Set(['message', 'webhook', 'agent', 'voice'])
const OMITTED: ReadonlySet<string> = new Set(['traceId', 'operation', 'transport', 'derived'])
/** Whether it succeeded stands in the event’s own word. */
const FACT_OMITTED: ReadonlySet<string> = new Set([...OMITTED, 'server', 'session', 'ok', 'action'])
/** Fields of events by the names that this form’s readers know. */
const ROUTING_NAMES: Readonly<Record<string, string>> = {
  agent: 'agentId',
  session: 'sessionId',
  name: 'tool',
  kind: 'type',
}
/** What comes right after the event. */
const FIRST = ['agentId', 'channel', 'direction'] as const

function routingOf(fields: LineFields, omitted: ReadonlySet<string>): Keys {
  const renamed = Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) =>
      omitted.has(name) ? [] : [[ROUTING_NAMES[name] ?? name, value]],
    ),
  )
  const first = FIRST.flatMap((name) => (name in renamed ? [[name, renamed[name]]] : []))
  return { ...Object.fromEntries(first), ...renamed }
}

/** Name of the logger, as Python’s logging has one. */
const LOGGER = 'mcp'

/** The category of a line and its keys: `access`, `plugin`, `error`, and `audit` for all that somebody or we did. */
function categoryOf(line: Line): Keys {
  const { source, event, level, fields } = line
  const { method, path, server, status, durationMs, plugin, command, outcome } = fields
  const timed = { status, duration_ms: durationMs }
  if (source === 'http') return { type: 'access', method, path, ...timed }
  if (source === 'request.ended') return { type: 'access', method, path: server, ...timed, ...contextOf(fields) }
  if (source === 'plugin')
    return { type: 'plugin', plugin, command, status: statusWord(outcome), duration_ms: durationMs }
  if (source === 'error' || level === 'error' || level === 'critical') {
    const { errorType, error, traceback, reason, ...rest } = fields
    return {
      type: 'error',
      error: error ?? errorType ?? event,
      traceback: traceback ?? '',
      context: { event, ...(reason !== undefined && { reason }), ...rest },
    }
  }
  const { agent, action, ...details } = fields
  return {
    type: 'audit',
    action: action === undefined ? event : `${event.replace(`_${action}`, '')}_${action}`,
    user: agent ?? (source === 'own' ? 'system' : 'unknown'),
    details,
  }
}

function contextOf({ name, session, outcome }: LineFields): Keys {
  return { ...(name !== undefined && { tool: name }), ...(session !== undefined && { session }), outcome }
}

function statusWord(outcome: unknown): string {
  return outcome === 'ok' ? 'success' : outcome === 'cancelled' ? 'cancelled' : 'error'
}

/** The sentence without the server, which this form’s readers have one of, and with sessions as they know them. */
function lettaMessage({ source, message, fields }: Line): string {
  const { session, server, name } = fields
  const named = session === undefined ? undefined : `session-${String(session).replace(/^session-/, '')}`
  if (source === 'session.opened') return `Session started: ${named ?? server}`
  if (source === 'session.closed') return `Session ended: ${named ?? server}`
  const short = name === undefined ? message : message.replace(`${server}.${name}`, () => String(name))
  return named === undefined ? short : short.replace(`(${session})`, () => `(${named})`)
}

/** The second of the last time that was written, since 1970, and its text up to the milliseconds. */
let lastSecond = Number.NaN
let lastText = ''

/** ISO 8601, UTC. Lines come many to a second, and a date's text costs as much as half a line. */
function isoTime(at: number): string {
  const second = Math.floor(at / 1000)
  if (second < 0) return new Date(at).toISOString()
  if (second !== lastSecond) {
    lastText = new Date(second * 1000).toISOString().slice(0, -4)
    lastSecond = second
  }
  return `${lastText}${String(Math.trunc(at - second * 1000)).padStart(3, '0')}Z`
}

/** As Python’s logging writes `asctime`: local time, `2026-02-15 12:00:00,123`. */
function pythonTime(at: number): string {
  const date = new Date(at)
  const two = (value: number) => String(value).padStart(2, '0')
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
  return `${day} ${time},${String(date.getMilliseconds()).padStart(3, '0')}`
}
