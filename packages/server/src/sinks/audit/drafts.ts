import { type Event, type EventOf, type EventType, OWN_SERVER, valuesBeside } from '@mcp-vitals/instrument/event'
import type { Entrance } from '@mcp-vitals/instrument/stream'
import {
  AUDIT_EVENTS,
  type AuditEventType,
  type Commitment,
  DAEMON_ORIGIN,
  DRAFT_LIMITS,
  type Draft,
} from '../../audit/index.js'
import { type Committed, commitToAll } from './commit.js'

type Details = Draft['details']

/** What an event comes to in the audit log. */
export interface Content {
  readonly eventType: AuditEventType
  readonly target: string
  readonly details: Details
  readonly commitments?: readonly Commitment[]
}

/** What stands for an actor where nobody is known by a name. */
const SYSTEM = 'system'
const NOT_IN_ORIGIN = /[^\w.-]/g
const ORIGIN_CHARS = 64
const LATEST_MS = 253_402_300_799_999

const ALERT_TYPES = {
  fired: 'ALERT_FIRED',
  acknowledged: 'ALERT_ACKNOWLEDGED',
  unacknowledged: 'ALERT_UNACKNOWLEDGED',
  resolved: 'ALERT_RESOLVED',
  silenced: 'ALERT_SILENCED',
  unsilenced: 'ALERT_UNSILENCED',
  tested: 'ALERT_TESTED',
} as const satisfies Record<EventOf<'alert'>['action'], AuditEventType>

const AUTH_TYPES = {
  accepted: 'ADMIN_LOGIN',
  refused: 'AUTH_FAILURE',
  locked_out: 'AUTH_LOCKOUT',
} as const satisfies Record<EventOf<'auth'>['action'], AuditEventType>

type Contents = { readonly [T in EventType]?: (event: EventOf<T>) => Content | undefined }

/** Types of events that are recorded, and what of them. The definitions of tools are looked at by themselves. */
const CONTENTS: Contents = {
  agent: ({ action, server }) =>
    action === 'used'
      ? undefined
      : { eventType: action === 'provisioned' ? 'PROVISION' : 'DEPROVISION', target: server, details: {} },
  auth: ({ action, reason, server }) =>
    // Who is let in by a key is told by each call; who is let in here, by nothing else.
    action === 'accepted' && server !== OWN_SERVER
      ? undefined
      : { eventType: AUTH_TYPES[action], target: server, details: known({ reason }) },
  security: ({ kind }) =>
    kind === 'CONFIG_CHANGED' ? { eventType: 'CONFIG_CHANGED', target: '', details: {} } : undefined,
  budget: ({ budget, stage, spentUsd, limitUsd, per }) =>
    stage === 'renewed'
      ? undefined
      : {
          eventType: 'SPENDING_LIMIT',
          target: budget,
          details: known({ stage, per, spent_cents: 100 * spentUsd, limit_cents: 100 * limitUsd }),
        },
  alert: ({ action, alert, severity, fingerprint, concerns, by }) => ({
    eventType: ALERT_TYPES[action],
    target: alert,
    details: known({ severity, fingerprint, server: concerns, by }),
  }),
  // Of what did not run, nothing is to be answered for.
  remediation: ({ component, rule, action, outcome, reason, durationMs, attempt }) =>
    outcome === 'dry_run' || outcome === 'held_back'
      ? undefined
      : {
          eventType: 'REMEDIATION_RUN',
          target: component,
          details: known({ rule, action, outcome, reason, duration_ms: durationMs, attempt }),
        },
  'process.started': ({ server, pid, restart }) => ({
    eventType: 'SERVER_STARTED',
    target: server,
    details: known({ pid, restart }),
  }),
  'process.ended': ({ server, pid, crashed, exitCode, signal, reason, durationMs }) => ({
    eventType: crashed ? 'SERVER_CRASHED' : 'SERVER_STOPPED',
    target: server,
    details: known({ pid, exit_code: exitCode, signal, reason, duration_ms: durationMs }),
  }),
  'session.opened': ({ server, session, transport, era, protocolVersion }) => ({
    eventType: 'SESSION_OPENED',
    target: server,
    details: known({ session, transport, era, protocol_version: protocolVersion }),
  }),
  'session.closed': ({ server, session, reason, durationMs }) => ({
    eventType: 'SESSION_CLOSED',
    target: server,
    details: known({ session, reason, duration_ms: durationMs }),
  }),
  commitment: (told) => {
    const { session, operation, fields } = told
    const { commitments, uncommitted } = commitToAll(
      fields.slice(0, DRAFT_LIMITS.commitments),
      valuesBeside(told) ?? {},
    )
    return {
      eventType: 'TOOL_COMMITTED',
      target: toolOf(told),
      details: { ...known({ session, operation }), ...listed(uncommitted) },
      commitments,
    }
  },
  'request.ended': (ended) => {
    if (ended.method !== 'tools/call' || ended.direction !== 'client_to_server') return undefined
    const { session, outcome, status, errorCode, durationMs, requestBytes, responseBytes } = ended
    return {
      eventType: 'TOOL_CALLED',
      target: toolOf(ended),
      details: known({
        session,
        outcome,
        status,
        error_code: errorCode,
        duration_ms: durationMs,
        request_bytes: requestBytes,
        response_bytes: responseBytes,
      }),
    }
  },
  limit: ({ server, limitType, layer }) => ({
    eventType: 'RATE_LIMITED',
    target: server,
    details: known({ limit: limitType, layer }),
  }),
}

function toolOf({ server, name }: { readonly server: string; readonly name?: string | undefined }): string {
  return name === undefined ? server : `${server}.${name}`
}

function listed(uncommitted: readonly string[]): Details {
  return uncommitted.length === 0
    ? {}
    : { uncommitted: uncommitted.map((field) => text(field, DRAFT_LIMITS.fieldChars)) }
}

/** What an event comes to; undefined where it is none that is recorded. */
export function contentOf(event: Event): Content | undefined {
  return (CONTENTS[event.type] as ((event: Event) => Content | undefined) | undefined)?.(event)
}

/** What a row says beyond its content, of the event that brings it about. */
export function draftOf(content: Content, event: Event, entrance: Entrance, id: string): Draft | undefined {
  const origin = originOf(entrance)
  if (origin !== DAEMON_ORIGIN && AUDIT_EVENTS[content.eventType].writer === 'daemon') return undefined
  const at = Math.min(Math.max(Math.trunc(event.at) || 0, 0), LATEST_MS)
  return {
    id,
    timestamp: new Date(at).toISOString(),
    eventType: content.eventType,
    actor: text(event.agent || SYSTEM, DRAFT_LIMITS.actorChars),
    target: text(content.target, DRAFT_LIMITS.targetChars),
    details: content.details,
    ...(content.commitments && { commitments: content.commitments }),
    origin,
  }
}

/** What is kept of a call that is about to go on; names come masked. */
export interface Intent extends Committed {
  readonly server: string
  readonly tool: string
  readonly agent?: string | undefined
}

/** The row of a call that is about to go on. */
export function intentOf({ server, tool, agent, commitments, uncommitted }: Intent, at: number, id: string): Draft {
  return {
    id,
    timestamp: new Date(at).toISOString(),
    eventType: 'TOOL_INTENT',
    actor: text(agent || SYSTEM, DRAFT_LIMITS.actorChars),
    target: text(`${server}.${tool}`, DRAFT_LIMITS.targetChars),
    details: listed(uncommitted),
    commitments,
    origin: DAEMON_ORIGIN,
  }
}

/** `daemon`, or `ingest:<sender>` in the letters that an origin has. */
function originOf(entrance: Entrance): string {
  if (entrance === 'local') return DAEMON_ORIGIN
  const sender = entrance.slice('ingest:'.length).replace(NOT_IN_ORIGIN, '_').slice(0, ORIGIN_CHARS)
  return `ingest:${sender || '_'}`
}

/** Whole numbers, well-formed text, and nothing that is not there. */
function known(values: Readonly<Record<string, string | number | boolean | undefined>>): Details {
  const details: Record<string, string | number | boolean> = {}
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) continue
    if (typeof value === 'number') details[name] = whole(value)
    else details[name] = typeof value === 'string' ? text(value, DRAFT_LIMITS.targetChars) : value
  }
  return details
}

const whole = (value: number): number =>
  Number.isFinite(value) ? Math.max(Math.min(Math.round(value), Number.MAX_SAFE_INTEGER), Number.MIN_SAFE_INTEGER) : 0

/** UTF-8 cannot say half of a surrogate pair, which a name from outside, or the cut of one, may have. */
function text(value: string, mostChars: number): string {
  return value.slice(0, mostChars).toWellFormed()
}
