/**
 * Every event there is. An event carries routing metadata only: names, sizes, durations, outcomes, codes. There is no
 * field here that could hold a tool's argument, a result, a prompt or a header, and what has no field cannot be sent.
 */

import { ERROR_REASONS, type EVENT_VERSION, REVISION } from './constants.js'
import {
  choice,
  count,
  type Fields,
  type Form,
  flag,
  formed,
  number,
  optional,
  type Shape,
  text,
  texts,
} from './fields.js'

/** Who asked: the client (a tool call) or the server (sampling, elicitation, roots). */
export const DIRECTIONS = ['client_to_server', 'server_to_client'] as const
export const TRANSPORTS = ['stdio', 'http', 'sse', 'memory'] as const
/** Who tells of a connection, where it is not the server or what stands before it. */
export const SIDES = ['client'] as const
export const ERAS = ['legacy', 'modern'] as const

/**
 * How a request ended. `tool_error`: a result with `isError: true`. `protocol_error`: a JSON-RPC error.
 * `unanswered`: given up on after the observer's limit. `replaced`: its id was used again while it was open.
 * `transport_error`: the connection or the HTTP answer failed. `process_exit`: the server ended first.
 */
export const OUTCOMES = [
  'ok',
  'tool_error',
  'protocol_error',
  'cancelled',
  'timeout',
  'unanswered',
  'replaced',
  'transport_error',
  'process_exit',
] as const

/** What a rule of remediation may do. */
export const REMEDIES = ['restart_unit', 'command', 'restart_server', 'restart_metrics_server'] as const
/** What may come of it. */
export const REMEDY_OUTCOMES = ['ran', 'failed', 'dry_run', 'held_back', 'verified', 'not_verified'] as const

/** How a component that is watched may be. `unknown`: nothing is known of it yet, or none can know now. */
export const HEALTH = ['healthy', 'degraded', 'unhealthy', 'maintenance', 'unknown'] as const

/** A trace id of W3C Trace Context. */
const TRACE_ID: Form = { pattern: '^[0-9a-f]{32}$', words: '32 hexadecimal digits in lower case' }
/** An id of one of its spans. */
const SPAN_ID: Form = { pattern: '^[0-9a-f]{16}$', words: '16 hexadecimal digits in lower case' }

/** What the reader makes of a definition, or nothing. */
const HASH: Form = {
  pattern: '^(?:[0-9a-f]{32})?$',
  words: 'the first 32 hexadecimal digits of a SHA-256 in lower case, or empty',
}

/** Fields of every event. */
export const ENVELOPE = {
  at: number('When it happened, milliseconds since 1970-01-01 UTC.'),
  server: text('Name of the MCP server in the configuration; `mcp-vitals` for our own.', 128),
  session: optional(text('Pseudonymous session id. Never the id that the protocol uses.', 64)),
  transport: optional(choice('How client and server are connected.', TRANSPORTS)),
  side: optional(
    choice('`client`: the program of the client tells it. Absent: the server does, or what stands before it.', SIDES),
  ),
  agent: optional(text('Agent id or name of the key that called. Never a person’s datum.', 128)),
  traceId: optional(formed('W3C trace id, 32 hexadecimal digits, where the caller sent one.', 32, TRACE_ID)),
  derived: optional(flag('True where a derivation of the configuration read the event off a call.')),
} satisfies Fields

const direction = choice('Who asked.', DIRECTIONS)
const method = text('JSON-RPC method.', 128)
const name = optional(text('Tool or prompt name. Never a resource URI or a task id.', 128))

/** The union, as data: type → what it means and its fields beyond the envelope. */
export const EVENTS = {
  'session.opened': {
    doc: 'A client and a server agreed to talk: `initialize` was answered, or the first modern request of a client passed.',
    fields: {
      era: choice('Legacy (`initialize`) or modern (2026-07-28, stateless).', ERAS),
      protocolVersion: optional(formed('Agreed protocol revision.', 32, REVISION)),
      clientName: optional(text('What the client calls itself. Self-reported.', 128)),
      clientVersion: optional(text('Self-reported.', 64)),
      serverName: optional(text('What the server calls itself. Self-reported.', 128)),
      serverVersion: optional(text('Self-reported.', 64)),
    },
  },
  'session.closed': {
    doc: 'A session ended.',
    fields: {
      durationMs: number('From opened to closed; from the first request that was heard, where the opening was not.'),
      reason: choice('Who or what ended it.', ['client', 'server', 'idle', 'lost', 'shutdown'] as const),
    },
  },
  'request.started': {
    doc: 'A request passed on its way to the one who shall answer it.',
    fields: {
      direction,
      method,
      name,
      operation: text('Joins this to its `request.ended`; unique within the stream.', 64),
    },
  },
  'request.ended': {
    doc: 'A request was answered, or will never be. Exactly one for each `request.started`.',
    fields: {
      direction,
      method,
      name,
      operation: text('Joins this to its `request.started`.', 64),
      outcome: choice('How it ended.', OUTCOMES),
      status: count('The outcome as an HTTP-like number, equal on every transport (CONTRACT.md, F3).'),
      errorCode: optional(text('JSON-RPC error code as text.', 16)),
      errorType: optional(text('Class of the error, where the server’s own program tells it. Never its message.', 64)),
      durationMs: number('From the (first) request to the (last) answer, without `waitMs`.'),
      waitMs: optional(
        number(
          'Time spent waiting for what the server asked its client for: a person’s input, a model’s words, roots. Between rounds of `input_required`, or while a request of the server was open within this one. Over stdio, where several calls are open, a question counts for the one whose task it names, or which alone is in its trace; else for none.',
        ),
      ),
      parentSpanId: optional(formed('W3C id of the caller’s span, where the caller sent one.', 16, SPAN_ID)),
      rounds: optional(count('Requests that made up this one operation, where more than one.')),
      task: optional(flag('The operation ran as a task and was followed to its end.')),
      progress: optional(count('Progress notifications seen.')),
      startedAt: optional(
        number(
          'When it started, milliseconds since 1970-01-01 UTC: sent to a daemon in place of a `request.started` of its own, which the daemon then makes. Kept nowhere.',
        ),
      ),
      requestBytes: count('Size of the request message; 0 where it is not known.'),
      responseBytes: count('Size of the answer; 0 where none came, or it is not known.'),
    },
  },
  notification: {
    doc: 'A message that wants no answer.',
    fields: { direction: choice('Who sent it.', DIRECTIONS), method, sizeBytes: count('Size of the message.') },
  },
  'tools.listed': {
    doc: 'A `tools/list` answer passed, or a server’s own program named its tools: these exist.',
    fields: {
      tools: texts('Tool names, in the server’s order.'),
      hashes: texts(
        'For each tool, a hash of its definition’s exact bytes: equal hash, equal definition. Empty where none was seen.',
        HASH,
      ),
      sizeBytes: count('Size of the answer: what the definitions cost a model’s context. 0 where none was seen.'),
      complete: flag('False while further pages follow (`nextCursor`), and where there may be more tools.'),
      caller: optional(text('Of the kind of caller that it was shown to: docs/audit.md tells what makes one.', 64)),
    },
  },
  unreadable: {
    doc: 'Bytes passed that the observer could not understand. They were forwarded all the same, but for `endpoint`.',
    fields: {
      direction: choice('Who sent them.', DIRECTIONS),
      reason: choice(
        'Why. `flood`: more of it than is told one by one. `endpoint`: an HTTP+SSE server announced an address that is not used, and its stream was cut.',
        ['invalid_json', 'not_jsonrpc', 'too_deep', 'cut_off', 'unknown_id', 'encoding', 'endpoint', 'flood'] as const,
      ),
      sizeBytes: count('How many bytes.'),
      count: optional(count('How many messages, where more than one.')),
    },
  },
  http: {
    doc: 'A raw HTTP exchange with a gateway or an instrumented server ended.',
    fields: {
      method: text('HTTP method.', 16),
      path: text('Route, not the raw URL: no query, no ids.', 128),
      status: count('HTTP status code.'),
      durationMs: optional(
        number(
          'From the request’s first byte to the last of its own answer. Absent for GET streams and `subscriptions/listen`.',
        ),
      ),
      requestBytes: count('Body size.'),
      responseBytes: count('Body size.'),
    },
  },
  'process.started': {
    doc: 'A server process was started.',
    fields: { pid: count('Process id.'), restart: optional(flag('It takes the place of one that crashed.')) },
  },
  'process.ended': {
    doc: 'A server process ended.',
    fields: {
      pid: count('Process id.'),
      crashed: flag('It ended by itself, by failure, while it was wanted.'),
      exitCode: optional(count('Exit status, where it exited.')),
      signal: optional(text('Signal that ended it.', 16)),
      durationMs: number('How long it ran.'),
      reason: optional(
        choice('Known cause of a start that failed.', ['not_found', 'not_executable', 'failed'] as const),
      ),
    },
  },
  queue: {
    doc: 'A job entered, started in or left a queue.',
    fields: {
      plugin: text('Queue’s plugin.', 128),
      action: choice('What happened.', ['entered', 'started', 'left', 'refused', 'cancelled'] as const),
      waitMs: optional(number('Time in the queue, when started.')),
      size: count('Jobs waiting after it.'),
    },
  },
  plugin: {
    doc: 'A plugin’s command ran.',
    fields: {
      plugin: text('Plugin.', 128),
      command: text('Command.', 128),
      outcome: choice('How it ended.', OUTCOMES),
      durationMs: number('Run time.'),
    },
  },
  provider: {
    doc: 'A call to an outside provider (an upstream API) ended.',
    fields: {
      provider: text('Name in the configuration.', 64),
      ok: flag('It succeeded.'),
      durationMs: number('Duration.'),
      errorCode: optional(text('Class or code of the error.', 64)),
    },
  },
  probe: {
    doc: 'A health check ran.',
    fields: {
      check: text('Name of the check.', 128),
      ok: flag('It succeeded.'),
      durationMs: number('Duration.'),
      reason: optional(text('Why not, out of a bounded list.', 64)),
      state: optional(
        choice('How it is judged after this check: down after so many failures in a row, up after so many successes.', [
          'up',
          'down',
        ] as const),
      ),
      component: optional(text('Name of the component that the daemon watches. Absent for other checks.', 128)),
      status: optional(choice('How that component is after this check: see docs/health.md.', HEALTH)),
      cause: optional(text('Why it is unhealthy, in words of our own.', 256)),
    },
  },
  remediation: {
    doc: 'A rule of remediation acted on a component that is not well, or would have: see docs/health.md.',
    fields: {
      component: text('Name of the component.', 128),
      rule: text('Name of the rule.', 64),
      action: choice('What the rule does.', REMEDIES),
      outcome: choice(
        'What came of it. `ran`, `failed`: the action. `verified`, `not_verified`: the check after it. `dry_run`: it would have run. `held_back`: it was due and did not run.',
        REMEDY_OUTCOMES,
      ),
      reason: optional(text('Why it failed, was held back or was not verified, out of a bounded list.', 64)),
      durationMs: number('How long the action took, or the check after it. 0 where nothing ran.'),
      attempt: count('Which attempt since the component was well last, from 1.'),
    },
  },
  auth: {
    doc: 'Somebody was let in or refused.',
    fields: {
      action: choice('What happened.', ['accepted', 'refused', 'locked_out'] as const),
      reason: optional(text(`Why: ${ERROR_REASONS.join(', ')}. Any other text counts as other.`, 64)),
    },
  },
  limit: {
    doc: 'A rate or size limit was hit.',
    fields: { limitType: text('Which limit.', 64), layer: choice('Where.', ['http', 'mcp'] as const) },
  },
  validation: {
    doc: 'Input was refused by a schema.',
    fields: { name, reason: text(`Why: ${ERROR_REASONS.join(', ')}. Any other text counts as other.`, 64) },
  },
  security: {
    doc: 'Something an auditor wants to know of.',
    fields: {
      kind: text('What, out of a bounded list.', 64),
      severity: choice('How grave.', ['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'] as const),
    },
  },
  message: {
    doc: 'An agent’s message was sent through a provider.',
    fields: { channel: text('sms, whatsapp, voice …', 64), ok: flag('It was accepted.') },
  },
  webhook: { doc: 'A webhook came in.', fields: { kind: text('Which.', 64) } },
  agent: {
    doc: 'An agent was provisioned, deprovisioned or used.',
    fields: {
      action: choice('What happened.', ['provisioned', 'deprovisioned', 'used'] as const),
      category: optional(text('Category of use.', 64)),
    },
  },
  voice: {
    doc: 'A voice session started or ended.',
    fields: {
      action: choice('What happened.', ['started', 'ended'] as const),
      id: optional(text('Which one, where it has an id. Else its session tells it apart.', 128)),
    },
  },
  usage: {
    doc: 'Model tokens or money were spent.',
    fields: {
      provider: text('Who was paid.', 64),
      model: optional(text('Model.', 128)),
      name: optional(text('Tool whose call spent it.', 128)),
      inputTokens: optional(count('Tokens read.')),
      outputTokens: optional(count('Tokens written.')),
      costUsd: optional(number('Money, US dollars.')),
      estimated: flag('The figures are an estimate.'),
    },
  },
  budget: {
    doc: 'A budget of the configuration came to 80 % of its limit, or to the whole, or began a new window after that.',
    fields: {
      budget: text('Name of the budget.', 64),
      stage: choice('What it came to.', ['warned', 'reached', 'renewed'] as const),
      severity: choice('How grave: MEDIUM at 80 %, HIGH at the whole.', ['LOW', 'MEDIUM', 'HIGH'] as const),
      spentUsd: number('Spent in the window, US dollars.'),
      limitUsd: number('What may be spent in it.'),
      per: choice('The window.', ['hour', 'day', 'month'] as const),
      forecastUsd: optional(number('What will be spent by the end of the month, for a budget by the month.')),
    },
  },
  alert: {
    doc: 'An alert fired or ended, or somebody acted on alerts, as this daemon keeps them: see docs/alerts.md.',
    fields: {
      action: choice('What became of it.', [
        ...(['fired', 'acknowledged', 'unacknowledged', 'resolved'] as const),
        ...(['silenced', 'unsilenced', 'tested'] as const),
      ] as const),
      alert: text('Name of the alert; of a silence its matchers; of a test the channel.', 256),
      severity: optional(choice('How grave.', ['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'] as const)),
      fingerprint: optional(text('Tells alerts of one name apart.', 64)),
      concerns: optional(text('Server or component that it is about.', 128)),
      by: optional(text('Name that who acted gave for it, masked as every name is.', 128)),
    },
  },
  error: {
    doc: 'An application error, recorded by hand.',
    fields: {
      errorType: text('Class or code.', 64),
      name,
      reason: text(`Why: ${ERROR_REASONS.join(', ')}. Any other text counts as other.`, 64),
    },
  },
  anomaly: {
    doc: 'A tool does not do as it did, or does so again: see docs/anomalies.md.',
    fields: {
      name: text('Tool name.', 128),
      signal: choice('What of it.', ['latency', 'errors', 'rate', 'silence', 'volume', 'size'] as const),
      stage: choice('It began, is far out by now, is over, or lasted so long that it is the usual from now on.', [
        'found',
        'worse',
        'over',
        'adopted',
      ] as const),
      severity: choice('How far out it is.', ['MEDIUM', 'HIGH'] as const),
      usual: number(
        'What was expected: milliseconds (`latency`; `rate` and `silence`: between calls), a share from 0 to 1 (`errors`), calls in five minutes (`volume`), bytes (`size`).',
      ),
      seen: number('What came, in the same unit.'),
      calls: count('Calls on which `seen` rests; 0 for a silence.'),
    },
  },
  derivation: {
    doc: 'A derivation of the configuration matched a call and gave no event. Those that it gives carry `derived`.',
    fields: {
      name,
      event: text('Type of the event that it was to give.', 64),
      field: text('The field that got no value.', 64),
      result: choice('Nothing was there, or nothing that the field takes.', ['missing', 'invalid'] as const),
    },
  },
  commitment: {
    doc: 'Values of a call that the configuration names for the audit log to commit to. The event has their names; the values travel beside it, and are kept in the audit log alone, where they can be erased.',
    fields: {
      name,
      operation: optional(text('The `operation` of the call.', 64)),
      fields: texts('Names of the values, such as `result.balance`.'),
    },
  },
  business: {
    doc: 'Something only the application knows, counted under a name.',
    fields: { name: text('Metric name without prefix.', 64), value: number('By how much.') },
  },
} as const satisfies Record<string, { doc: string; fields: Fields }>

export type EventType = keyof typeof EVENTS
type Envelope = Shape<typeof ENVELOPE>
/** One event of the given type: a flat, JSON-ready object. */
export type EventOf<T extends EventType> = { readonly v: typeof EVENT_VERSION; readonly type: T } & Envelope &
  Shape<(typeof EVENTS)[T]['fields']>
/** The one noun: everything that can be observed. */
export type Event = { [T in EventType]: EventOf<T> }[EventType]

/** What a source says of every event it makes: the envelope without the time. */
export type Origin = Omit<Envelope, 'at'>
