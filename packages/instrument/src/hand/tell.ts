import { type Event, type EventType, event, type Given, type Origin } from '../event/index.js'
import { serverName, vitals } from '../vitals/index.js'

/** What may be said of any fact beside the fact itself. Routing metadata only: never a person's datum. */
export interface About {
  /** Name of the MCP server, at most 128 characters. Default: that of `configure`, else `MCP_VITALS_SERVER`, else the program's. */
  readonly server?: string
  /** Id of the agent that acts, at most 128 characters. */
  readonly agent?: string
  /** Pseudonymous session id, at most 64 characters. Never the id that the protocol uses. */
  readonly session?: string
  /** W3C trace id, 32 hexadecimal digits. */
  readonly traceId?: string
}

/** Publishes one event of this moment. */
export function tell<T extends EventType>(type: T, about: About, fields: Given<T>): void {
  const hub = vitals()
  hub.publish(event(type, Date.now(), originOf(about), fields) as unknown as Event)
}

/** The envelope of what is said about it. */
export function originOf({ server, agent, session, traceId }: About): Origin {
  return {
    server: optionalText(server) ?? serverName(),
    agent: optionalText(agent),
    session: optionalText(session, 64),
    traceId: optionalText(traceId, 32),
  } as Origin
}

/** Runs what records, whatever it is given: a throw is counted, and never reaches the caller. */
export function quietly(record: () => void): void {
  try {
    record()
  } catch {
    vitals().stats.faults++
  }
}

/** At most `maxLength` characters of it; by default 64, as most fields hold. */
export function text(value: unknown, maxLength = 64): string {
  return String(value).slice(0, maxLength)
}

/** As `text`, for what may be left out. */
export function optionalText(value: unknown, maxLength = 128): string | undefined {
  return value === undefined || value === null ? undefined : text(value, maxLength)
}

/** A class, code or reason that the program names; what is none, such as a sentence, is `other`. */
export function word(value: unknown): string {
  const name = typeof value === 'object' && value !== null ? classOf(value) : nameOf(value)
  return /^[\w.:/-]{1,64}$/.test(name) ? name : 'other'
}

/** The class of what was thrown. A thrown text or number may say anything: of it goes its type. */
export function thrownWord(thrown: unknown): string {
  return typeof thrown === 'object' && thrown !== null ? word(thrown) : typeof thrown
}

/** A number ≥ 0. Throws RangeError for every other value. */
export function amount(value: unknown): number {
  const number = Number(value)
  if (!(number >= 0 && number < Infinity)) throw new RangeError('a number must be finite and not negative')
  return number
}

function nameOf(value: unknown): string {
  return typeof value === 'function' ? value.name : String(value)
}

/**
 * The class of an error, never its message: its name; where that says `Error` alone, the class that it is of, or its
 * code (`ECONNREFUSED`).
 */
function classOf(error: object): string {
  const {
    name,
    code,
    constructor: made,
  } = error as { name?: unknown; code?: unknown; constructor?: { name?: unknown } }
  if (typeof name === 'string' && name !== '' && name !== 'Error') return name
  if (typeof made?.name === 'string' && made.name !== 'Error') return made.name
  return typeof code === 'string' && code !== '' ? code : 'Error'
}
