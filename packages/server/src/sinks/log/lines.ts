import {
  ENVELOPE,
  EVENTS,
  type Event,
  type EventOf,
  type EventType,
  type Field,
  OWN_SERVER,
} from '@mcp-vitals/instrument/event'
import { describe } from '../../detect/index.js'
import { type Members, membersOf, quoted } from './members.js'

/** Levels from least to most grave. */
export const LEVELS = ['debug', 'info', 'warning', 'error', 'critical'] as const
export type Level = (typeof LEVELS)[number]

/** Values that stand beside the message in a JSON line. */
export type LineFields = Readonly<Record<string, string | number | boolean>>

/** Whose line it is: an event’s, or one that the program says of itself. */
export type LineSource = EventType | 'own'

/** One line of the log, before it has a form. */
export interface Line {
  readonly source: LineSource
  readonly level: Level
  /** When it happened, milliseconds since 1970-01-01 UTC. */
  readonly at: number
  /** What happened, out of a bounded list: `tool_call_completed`. */
  readonly event: string
  readonly message: string
  readonly fields: LineFields
}

/** What level a line has, given its own. */
export type Grade = (source: EventType, level: Level) => Level | undefined

type Reading = readonly [level: Level, event: string, message: string]

/** What a person reads of each event. The one place where an event gets its level, its name and its words. */
const READINGS: { readonly [T in EventType]: (event: EventOf<T>) => Reading } = {
  'session.opened': (e) => ['info', 'session_started', `Session started: ${e.session ?? e.server}`],
  'session.closed': (e) => ['info', 'session_ended', `Session ended: ${e.session ?? e.server}`],
  'request.started': (e) =>
    e.method === 'tools/call'
      ? ['info', 'tool_call_started', `Tool invoked: ${tool(e)}`]
      : ['debug', 'request_started', `Request: ${e.server} ${e.method}${inSession(e)}`],
  'request.ended': requestEnded,
  notification: (e) => ['debug', 'notification', `Notification: ${e.server} ${e.method}${inSession(e)}`],
  'tools.listed': (e) => ['info', 'tools_listed', `Tools listed: ${e.server} has ${e.tools.length}`],
  unreadable: (e) => [
    'warning',
    'unreadable',
    `Passed on unread: ${e.server}, ${e.count === undefined ? '' : `${e.count} messages, `}${e.sizeBytes} bytes, ${e.reason}`,
  ],
  http: (e) => ['debug', 'http_request', `HTTP: ${e.method} ${e.path} ${e.status}${took(e.durationMs)}`],
  'process.started': (e) => ['info', 'process_started', `Server started: ${e.server}, process ${e.pid}`],
  'process.ended': (e) =>
    e.crashed
      ? ['error', 'process_crashed', `Server crashed: ${e.server}, process ${e.pid}, ${ending(e)}`]
      : ['info', 'process_ended', `Server ended: ${e.server}, process ${e.pid}, ${ending(e)}`],
  queue: (e) => ['debug', 'queue', `Queue: ${e.plugin} ${e.action}, ${e.size} waiting`],
  plugin: (e) => [
    e.outcome === 'ok' || e.outcome === 'cancelled' ? 'info' : 'error',
    'plugin',
    `Plugin: ${e.plugin} ${e.command} ${e.outcome} ${time(e.durationMs)}`,
  ],
  provider: (e) => quiet(e.ok, 'provider_call', `Provider: ${e.provider} ${success(e.ok)} ${time(e.durationMs)}`),
  // A check of our own runs often, and its change of state has a line of its own.
  probe: (e) =>
    quiet(
      e.ok || e.server === OWN_SERVER || e.state !== undefined,
      'probe',
      `Check: ${e.check} ${success(e.ok)} ${time(e.durationMs)}`,
    ),
  remediation: (e) => [
    REMEDY_LEVELS[e.outcome],
    `remediation_${e.outcome}`,
    `Remediation ${e.outcome.replace('_', ' ')}: ${e.component}, ${e.action} (${e.rule}), attempt ${e.attempt}${because(e.reason)}`,
  ],
  auth: (e) => quiet(e.action === 'accepted', 'auth', `Authentication: ${e.action}${because(e.reason)}`),
  limit: (e) => ['warning', 'limit_hit', `Limit hit: ${e.limitType} (${e.layer})`],
  validation: (e) => ['warning', 'validation_failed', `Input refused: ${e.name ?? e.server}${because(e.reason)}`],
  security: (e) => [SEVERITY_LEVELS[e.severity], 'security', `Security: ${e.kind} (${e.severity})`],
  message: (e) =>
    graded(e.ok, `send_message_${e.ok ? 'success' : 'failure'}`, `Message: ${e.channel} ${success(e.ok)}`),
  webhook: (e) => ['info', 'webhook_received', `Webhook received: ${e.kind}`],
  agent: (e) => ['info', `agent_${e.action}`, `Agent ${e.action}: ${e.agent ?? 'unknown'}`],
  voice: (e) => ['info', `voice_${e.action}`, `Voice session ${e.action}${inSession(e)}`],
  usage: (e) => ['debug', 'usage', `Usage: ${e.provider}`],
  budget: (e) => [
    SEVERITY_LEVELS[e.severity],
    `budget_${e.stage}`,
    `Budget ${e.stage}: ${e.budget}, ${e.spentUsd.toFixed(2)} of ${e.limitUsd.toFixed(2)} USD this ${e.per}${e.forecastUsd === undefined ? '' : `, ${e.forecastUsd.toFixed(2)} by its end if it goes on like this`}`,
  ],
  // The alerts' own channel `log` tells of them as they are routed; this is what happened.
  alert: (e) => ['debug', `alert_${e.action}`, `Alert ${e.action}: ${e.alert}`],
  error: (e) => ['error', 'error', `Error: ${e.errorType}${because(e.reason)}`],
  anomaly: (e) => [
    e.stage === 'found' || e.stage === 'worse' ? SEVERITY_LEVELS[e.severity] : 'info',
    `anomaly_${e.stage}`,
    `Anomaly ${e.stage}: ${tool(e)}, ${e.signal}: ${describe(e)}`,
  ],
  derivation: (e) => ['debug', 'derivation_missed', `No ${e.event} derived: ${e.field} is ${e.result}`],
  commitment: (e) => ['debug', 'commitment', `Committed to ${e.fields.length} values of ${tool(e)}`],
  business: (e) => ['debug', 'business', `Counted: ${e.name} ${e.value}`],
}

const SEVERITY_LEVELS = { LOW: 'info', MEDIUM: 'warning', HIGH: 'error', CRITICAL: 'critical' } as const

const REMEDY_LEVELS = {
  ran: 'warning',
  failed: 'error',
  dry_run: 'info',
  held_back: 'warning',
  verified: 'info',
  not_verified: 'error',
} as const satisfies Record<EventOf<'remediation'>['outcome'], Level>

/** Last moment that a date can hold; what a sender claims beyond it is shown as that. */
const MAX_DATE_MS = 8.64e15

/** A line has these of its own; or spans have them, and who reads lines finds those by the trace. */
const NOT_SHOWN: ReadonlySet<string> = new Set(['at', 'event', 'parentSpanId'])

/** The fields of each event that a line may show: all that its declaration has, but those and lists. */
const SHOWN = Object.fromEntries(
  Object.entries(EVENTS).map(([type, { fields }]) => [
    type,
    Object.entries<Field<unknown>>({ ...ENVELOPE, ...fields })
      .filter(([name, { kind }]) => !NOT_SHOWN.has(name) && kind !== 'texts')
      .map(([name]) => ({ name, beginning: `,${quoted(name)}:` })),
  ]),
) as unknown as Readonly<Record<EventType, readonly { readonly name: string; readonly beginning: string }[]>>

/** The line for an event. Undefined where `grade` gives it no level: it is not wanted, and costs nothing more. */
export function lineOf(event: Event, grade: Grade): Line | undefined {
  const read = READINGS[event.type] as (event: Event) => Reading
  const [own, name, message] = read(event)
  const level = grade(event.type, own)
  if (level === undefined) return undefined
  return new EventLine(event, level, name, message)
}

/** A line’s fields in JSON. */
export function fieldMembers(line: Line): Members {
  return line instanceof EventLine ? line.members() : membersOf(line.fields)
}

/** The line of an event. Its fields are read where they are asked for: no object of them is made to be written as JSON. */
class EventLine implements Line {
  readonly source: EventType
  readonly at: number
  readonly #given: Readonly<Record<string, unknown>>

  constructor(
    given: Event,
    readonly level: Level,
    readonly event: string,
    readonly message: string,
  ) {
    this.source = given.type
    this.at = Math.min(given.at, MAX_DATE_MS)
    this.#given = given as unknown as Readonly<Record<string, unknown>>
  }

  get fields(): LineFields {
    const fields: Record<string, string | number | boolean> = {}
    for (const { name } of SHOWN[this.source]) {
      const value = this.#given[name]
      if (typeof value === 'number') fields[name] = rounded(value)
      else if (typeof value === 'string' || typeof value === 'boolean') fields[name] = value
    }
    return fields
  }

  /** The fields in JSON. */
  members(): Members {
    let text = ''
    for (const { name, beginning } of SHOWN[this.source]) {
      const value = this.#given[name]
      if (typeof value === 'string') text += beginning + quoted(value)
      else if (typeof value === 'number') text += beginning + (Number.isFinite(value) ? rounded(value) : 'null')
      else if (typeof value === 'boolean') text += beginning + value
    }
    return text
  }
}

/** To microseconds, where it is milliseconds. */
function rounded(value: number): number {
  return Math.round(value * 1000) / 1000
}

function requestEnded(e: EventOf<'request.ended'>): Reading {
  const call = e.method === 'tools/call'
  const noun = call ? 'tool_call' : 'request'
  const subject = call ? `Tool %: ${tool(e)}` : `Request %: ${e.server} ${e.method}${inSession(e)}`
  const say = (verb: string) => `${subject.replace('%', () => verb)} ${time(e.durationMs)}`
  if (e.outcome === 'ok') return [call ? 'info' : 'debug', `${noun}_completed`, say('completed')]
  if (e.outcome === 'cancelled') return ['info', `${noun}_cancelled`, say('cancelled')]
  const error = e.errorCode ?? e.errorType
  const code = error === undefined ? '' : ` ${error}`
  return [e.status >= 500 ? 'error' : 'warning', `${noun}_failed`, `${say('failed')}, ${e.outcome}${code}`]
}

interface Where {
  readonly server: string
  readonly session?: string
  readonly name?: string
}

function tool({ server, name, session }: Where): string {
  return `${server}.${name ?? 'unknown'}${session === undefined ? '' : ` (${session})`}`
}

function inSession({ session }: Where): string {
  return session === undefined ? '' : ` (${session})`
}

function graded(ok: boolean, event: string, message: string): Reading {
  return [ok ? 'info' : 'warning', event, message]
}

/** Like `graded`, for what succeeds too often to be told. */
function quiet(ok: boolean, event: string, message: string): Reading {
  return [ok ? 'debug' : 'warning', event, message]
}

function success(ok: boolean): string {
  return ok ? 'ok' : 'failed'
}

function because(reason: string | undefined): string {
  return reason === undefined ? '' : `: ${reason}`
}

function time(durationMs: number): string {
  return durationMs < 1 ? `${durationMs.toFixed(2)} ms` : `${Math.round(durationMs)} ms`
}

function took(durationMs: number | undefined): string {
  return durationMs === undefined ? '' : ` ${time(durationMs)}`
}

function ending({ exitCode, signal, reason }: EventOf<'process.ended'>): string {
  return reason ?? signal ?? `status ${exitCode ?? 'unknown'}`
}
