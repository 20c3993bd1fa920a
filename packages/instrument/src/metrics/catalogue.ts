/**
 * Every metric there is. A new one is one entry here and one line in the fold (or callback) that moves it: the
 * registry, the exposition, the reference page and the checks of the names follow.
 */
import {
  DURATION_BUCKETS_SECONDS,
  OTEL_BUCKETS_SECONDS,
  SESSION_BUCKETS_SECONDS,
  SIZE_BUCKETS_BYTES,
  TOKEN_BUCKETS,
} from './buckets.js'
import { CHECK_METRICS, MONITOR_METRICS } from './catalogue-checks.js'
import { HOST_METRICS } from './catalogue-host.js'
import { PUSH_METRICS } from './catalogue-push.js'
import { RULE_METRICS } from './catalogue-rules.js'
import { counter, declare, gauge, histogram, type Metric, summary } from './declare.js'

const duration = { unit: 'seconds', buckets: DURATION_BUCKETS_SECONDS } as const
const size = { unit: 'bytes', buckets: SIZE_BUCKETS_BYTES } as const

const mcp = declare('mcp', {
  requests_total: counter(
    'MCP requests that ended, on any transport. status: the outcome as an HTTP-like number, equal on every transport.',
    ['server', 'method', 'endpoint', 'status'],
  ),
  request_duration_seconds: histogram(
    "Time from a client's MCP request to its answer, without streams and without waiting for a person.",
    ['server', 'method', 'endpoint'],
    { ...duration, otelName: 'mcp.server.operation.duration' },
  ),
  request_size_bytes: summary("Size of a client's MCP request.", ['server', 'method', 'endpoint'], { unit: 'bytes' }),
  response_size_bytes: summary(
    "Size of the answer to a client's MCP request; nothing is observed where none came.",
    ['server', 'method', 'endpoint'],
    { unit: 'bytes' },
  ),
  requests_in_flight: gauge('MCP requests passed on and not ended yet.', ['server'], { merge: 'sum' }),
  tool_calls_total: counter('Tool calls that ended. status: success, error or cancelled.', [
    'server',
    'tool',
    'status',
  ]),
  tool_call_duration_seconds: histogram(
    'Time from a tool call to its result; of a tool that was called.',
    ['server', 'tool'],
    duration,
  ),
  tool_result_size_bytes: histogram(
    'Size of the answer to a tool call that gave a result. A server’s own library estimates it from the lengths of texts, and of a long array from some of its elements.',
    ['server', 'tool'],
    size,
  ),
  tool_result_tokens: histogram(
    'About how many tokens of a model’s context the result of a tool call takes, from its size alone: see docs/context-cost.md. estimated: always true.',
    ['server', 'tool', 'estimated'],
    { unit: 'tokens', buckets: TOKEN_BUCKETS },
  ),
  tools_list_size_bytes: gauge('Size of the newest whole answer to tools/list, all pages together.', ['server'], {
    unit: 'bytes',
    merge: 'max',
  }),
  tools_list_tokens: gauge(
    'About how many tokens of a model’s context the definitions of all tools take, from their size alone: see docs/context-cost.md. estimated: always true.',
    ['server', 'estimated'],
    { unit: 'tokens', merge: 'max' },
  ),
  tool_availability: gauge(
    '1: the tool is there to be called. 0: its server is down, or says that it does not know it.',
    ['server', 'tool_name'],
    { merge: 'min' },
  ),
  errors_total: counter(
    'Requests that failed and errors recorded by hand. tool: empty for what is no tool call. type: the outcome, or the error’s class where it is told. reason: a word for the error code, or the outcome; by hand a word out of a short list.',
    ['server', 'tool', 'type', 'reason'],
  ),
  timeouts_total: counter('Requests given up on. tool: empty for what is no tool call.', ['server', 'tool']),
  notifications_total: counter('Messages that want no answer. direction: who sent them.', [
    'server',
    'method',
    'direction',
  ]),
  unreadable_messages_total: counter('Messages that could not be understood. They were forwarded all the same.', [
    'server',
    'direction',
    'reason',
  ]),
  active_connections: gauge(
    'Connections open now: of HTTP clients to this process, by the server that they asked last, and the pipes of wrapped servers.',
    ['server', 'transport'],
    { merge: 'sum' },
  ),
  queue_depth: gauge('Tool calls passed on and not ended yet.', ['server'], { merge: 'sum' }),
  active_sessions: gauge(
    'Sessions open now; one of which nothing was heard for an hour no longer counts.',
    ['server'],
    {
      merge: 'sum',
    },
  ),
  session_duration_seconds: histogram('Time from the start of a session to its end.', ['server'], {
    unit: 'seconds',
    buckets: SESSION_BUCKETS_SECONDS,
    otelName: 'mcp.server.session.duration',
  }),
  client_requests_total: counter(
    'Requests that a program’s own client (`instrumentClient`) asked of a server, or was asked by it, that ended. direction: who asked.',
    ['server', 'method', 'direction', 'status'],
  ),
  client_request_duration_seconds: histogram(
    'Time from a request of a program’s own client to its answer, as the client sees it.',
    ['server', 'method'],
    { ...duration, otelName: 'mcp.client.operation.duration' },
  ),
  client_tool_calls_total: counter(
    'Tool calls of a program’s own client that ended. status: success, error or cancelled.',
    ['server', 'tool', 'status'],
  ),
  server_up: gauge(
    '1: the server answered last. 0: it crashed, could not be reached, or left a handshake without answer.',
    ['server'],
    { merge: 'min' },
  ),
  server_uptime_seconds: gauge('Time since the server came up; 0 while it is down.', ['server'], {
    unit: 'seconds',
    merge: 'min',
  }),
  server_process_starts_total: counter('Server processes started.', ['server']),
  server_restarts_total: counter('Server processes started in place of one that crashed.', ['server']),
  server_process_crashes_total: counter('Server processes that ended by failure while they were wanted.', ['server']),
  http_requests_total: counter('Raw HTTP exchanges that ended. path: the route.', [
    'server',
    'method',
    'path',
    'status',
  ]),
  http_request_duration_seconds: histogram(
    'Time from the first byte of an HTTP request to the last of its own answer, without streams.',
    ['server', 'method', 'path'],
    duration,
  ),
  http_request_size_bytes: histogram('Size of an HTTP request body.', ['server', 'method', 'path'], size),
  http_response_size_bytes: histogram('Size of an HTTP response body.', ['server', 'method', 'path'], size),
  messages_sent_total: counter("Agents' messages that a provider accepted.", ['server', 'channel']),
  messages_failed_total: counter("Agents' messages that no provider accepted.", ['server', 'channel']),
  webhook_received_total: counter('Webhooks that came in.', ['server', 'type']),
  active_voice_sessions: gauge('Voice sessions open now.', ['server'], { merge: 'sum' }),
  active_agents: gauge('Agents provisioned and not deprovisioned.', ['server'], { merge: 'sum' }),
  agent_usage_total: counter('Uses of agents.', ['server', 'category']),
  llm_tokens_total: counter(
    'Tokens of language models. type: input or output. estimated: true where nobody counted.',
    ['server', 'provider', 'model', 'type', 'estimated'],
    { unit: 'tokens' },
  ),
  llm_cost_usd_total: counter('Money spent on language models, US dollars. estimated: as for the tokens.', [
    'server',
    'provider',
    'model',
    'estimated',
  ]),
  budget_spent_usd: gauge('Money spent in the window of a budget that runs, US dollars.', ['budget'], { merge: 'max' }),
  budget_limit_usd: gauge('Money that may be spent in one window of a budget, US dollars.', ['budget'], {
    merge: 'max',
  }),
  budget_forecast_usd: gauge(
    'Money that a budget by the month will have spent by the end of the month, if each day goes like the last seven.',
    ['budget'],
    { merge: 'max' },
  ),
  budget_events_total: counter('Times that a budget came to 80 % (warned) or to the whole (reached) of its limit.', [
    'budget',
    'stage',
  ]),
  '3d_generations_total': counter('3-D models generated.', ['server']),
  business_total: counter('What only the application knows, summed under the name that it gave.', ['server', 'name']),
  rate_limit_hits_total: counter('Calls that a rate or size limit of MCP refused.', ['server', 'limit_type']),
  http_rate_limit_hits_total: counter('HTTP requests that a limit refused.', ['server', 'limit_type']),
  auth_failures_total: counter('Callers refused or locked out.', ['server', 'reason']),
  validation_failures_total: counter('Inputs that a schema refused. tool: empty for what is no tool call.', [
    'server',
    'tool',
    'reason',
  ]),
  security_events_total: counter('Events that an auditor wants to know of.', ['server', 'type', 'severity']),
  anomalies_total: counter(
    'Times that a tool began to do what is unusual of it, or came to be far out. severity: MEDIUM or HIGH.',
    ['server', 'tool', 'signal', 'severity'],
  ),
  tool_anomaly_level: gauge(
    '0: the tool does as usual. 1: it does not. 2: it is far out. signal: latency, errors, rate, silence or size.',
    ['server', 'tool', 'signal'],
    { merge: 'max' },
  ),
  plugin_executions_total: counter("Runs of plugins' commands that ended. status: success, error or cancelled.", [
    'server',
    'plugin',
    'command',
    'status',
  ]),
  plugin_execution_duration_seconds: histogram(
    "Run time of a plugin's command.",
    ['server', 'plugin', 'command'],
    duration,
  ),
  queue_size: gauge("Jobs that wait in a plugin's queue.", ['server', 'plugin'], { merge: 'sum' }),
  queue_wait_seconds: histogram("Time that a job waited in a plugin's queue.", ['server', 'plugin'], duration),
  queue_jobs_total: counter("Jobs by what happened to them in a plugin's queue.", ['server', 'plugin', 'action']),
  provider_requests_total: counter(
    'Calls to outside providers that the configuration does not name. status: success or error.',
    ['server', 'provider', 'status'],
  ),
  provider_request_duration_seconds: histogram(
    'Duration of calls to outside providers that the configuration does not name.',
    ['server', 'provider'],
    duration,
  ),
  provider_errors_total: counter('Failed calls to outside providers that the configuration does not name.', [
    'server',
    'provider',
    'reason',
  ]),
  ...CHECK_METRICS,
  ...HOST_METRICS,
})

const vitals = declare('mcp_vitals', {
  events_total: counter('Events folded into these metrics. type: other for a type not known here.', ['type']),
  events_late_total: counter('Events that came too late for live metrics and went to the sinks only.', []),
  derivations_total: counter(
    'Calls that a derivation of the configuration matched. result: derived (it gave its event), missing (a value was not there) or invalid (it was none that the event takes).',
    ['result'],
  ),
  fold_faults_total: counter('Events that a fold failed on.', []),
  sink_events_written_total: counter('Events that a sink took.', ['sink']),
  sink_events_dropped_total: counter('Events that a sink lost. reason: overflow (queue full) or failed.', [
    'sink',
    'reason',
  ]),
  sink_queue_events: gauge('Events that wait for a sink.', ['sink'], { merge: 'sum' }),
  label_overflow_total: counter('Observations put into the series "other", because the metric had no room for more.', [
    'metric',
  ]),
  servers_forgotten_total: counter(
    'Servers, none of the configuration, that were silent for an hour and gave their label to others.',
    [],
  ),
  untracked_total: counter('Sessions and open requests beyond the bound, missing from the gauge named.', ['metric']),
  collect_faults_total: counter('Callbacks that failed while metrics were collected.', []),
  store_used_bytes: gauge('Bytes with content in the event store.', [], { unit: 'bytes', merge: 'sum' }),
  store_waiting_bytes: gauge('Bytes of events that wait for the disk.', [], { unit: 'bytes', merge: 'sum' }),
  store_events_lost_total: counter('Events not stored. reason: refused (too much waited) or failed.', ['reason']),
  store_restarts_total: counter('Times that the thread of the event store was started again.', []),
  series_kept: gauge('Series that are remembered for queries and rules, those that ended among them.', [], {
    merge: 'sum',
  }),
  series_memory_bytes: gauge(
    'Memory that remembered samples take, about. resolution: raw (as sampled) or rolled (one in five minutes).',
    ['resolution'],
    { unit: 'bytes', merge: 'sum' },
  ),
  series_oldest_timestamp_seconds: gauge('Time of the oldest remembered sample, seconds since 1970.', ['resolution'], {
    unit: 'seconds',
    merge: 'min',
  }),
  series_samples_total: counter('Samples taken for queries and rules.', []),
  series_samples_dropped_total: counter(
    'Samples not taken. reason: limit (too many series), clock (older than what is there) or duplicate (a rule and another give the same series).',
    ['reason'],
  ),
  series_collections_skipped_total: counter('Times that nothing was sampled, as the thread of queries was behind.', []),
  series_blocks_lost_total: counter(
    'Blocks of samples lost before their time. reason: memory (all took too much) or disk (they could not be kept for a restart).',
    ['reason'],
  ),
  queries_total: counter(
    'Queries that ended. result: ok, invalid, failed, limit, timeout, busy (too many waited) or aborted (its thread ended).',
    ['result'],
  ),
  queries_waiting: gauge('Queries that wait or run now.', [], { merge: 'sum' }),
  engine_restarts_total: counter('Times that the thread of series, queries and rules was started again.', []),
  ...RULE_METRICS,
  audit_rows_total: counter('Rows that this process wrote to the audit log.', []),
  audit_writable: gauge('1: the last write to the audit log worked. 0: it failed, and rows wait.', [], {
    merge: 'min',
  }),
  audit_unsigned_rows: gauge('Rows of the audit log that no checkpoint covers yet.', [], { merge: 'sum' }),
  audit_anchor_behind_rows: gauge('Signed audit rows that an anchor does not cover yet.', ['anchor'], { merge: 'max' }),
  audit_anchor_behind_seconds: gauge('For how long an anchor has missed a checkpoint of the audit log.', ['anchor'], {
    unit: 'seconds',
    merge: 'max',
  }),
  audit_checkpoint_timestamp_seconds: gauge('When the audit log was last signed, since unix epoch.', [], {
    unit: 'seconds',
    merge: 'max',
  }),
  gateway_junk_lines_total: counter('Lines of server processes behind the gateway that were no message.', []),
  gateway_undelivered_total: counter('Messages of servers behind the gateway that found no reader.', []),
  gateway_observer_faults_total: counter("Faults of the gateway's observer; the calls passed.", []),
  gateway_sessions_evicted_total: counter(
    'Sessions of HTTP servers of which no account is kept any more, because there were too many.',
    [],
  ),
  gateway_requests_cut_total: counter('Requests and streams that were open when their key was revoked or expired.', []),
  ingest_streams: gauge('Numbered streams of other processes heard of lately.', [], { merge: 'sum' }),
  ingest_events_accepted_total: counter('Events taken from other processes.', []),
  ingest_events_rejected_total: counter('Events of other processes that were not valid, and not taken.', ['reason']),
  ingest_events_dropped_total: counter('Events that other processes say they gave up.', []),
  ingest_posts_refused_total: counter(
    'Posts of which nothing was taken. reason: also the limit that was exceeded, such as events_per_second.',
    ['reason'],
  ),
  alerts: gauge('Alerts by state.', ['state'], { merge: 'sum' }),
  alerts_refused_total: counter('Alerts, and what was to raise them, refused because there were too many.', []),
  alert_messages_sent_total: counter('Messages that alert channels took.', ['channel']),
  alert_messages_failed_total: counter('Tries that alert channels did not take.', ['channel']),
  alert_messages_lost_total: counter('Messages that no channel took, and that were given up.', []),
  alert_messages_waiting: gauge('Messages that wait for their channel.', [], { merge: 'sum' }),
  alert_silences: gauge('Silences that have not ended.', [], { merge: 'sum' }),
  alert_restarts_total: counter('How often the thread of alerts was started again.', []),
  alert_heartbeat_timestamp_seconds: gauge('When the heartbeat was last heard.', [], { unit: 'seconds', merge: 'max' }),
  log_lines_dropped_total: counter(
    'Log lines lost: too many of our own waited, or a destination failed. A line for two destinations counts in each.',
    [],
  ),
  anomaly_tools: gauge('Tools that are compared with what is usual of them.', [], { merge: 'sum' }),
  anomaly_untracked_calls_total: counter('Calls of tools that are not, because there are too many.', []),
  usage_unpriced_total: counter(
    'Events with tokens of which neither the money nor a price of the model is known: no cost and no budget counts them.',
    [],
  ),
  doors_tracked: gauge('Agents, tools and addresses that limits and the lockout follow now.', [], { merge: 'sum' }),
  doors_overflow_total: counter(
    'What the doors could not follow one by one. reason: limit (calls that shared one limit) or lockout (addresses whose wrong keys were forgotten).',
    ['reason'],
  ),
  ...MONITOR_METRICS,
  ...PUSH_METRICS,
  build_info: gauge('Always 1; the label tells the version.', ['version'], { merge: 'max' }),
})

const process = declare('process', {
  cpu_seconds_total: counter('Total user and system CPU time spent in seconds.', [], { unit: 'seconds' }),
  resident_memory_bytes: gauge('Resident memory size in bytes.', [], { unit: 'bytes', merge: 'sum' }),
  start_time_seconds: gauge('Start time of the process since unix epoch in seconds.', [], {
    unit: 'seconds',
    merge: 'min',
  }),
})

const otelDuration = { unit: 'seconds', buckets: OTEL_BUCKETS_SECONDS } as const
/** What OpenTelemetry's conventions ask for, with `server`, since one process here tells of many. */
const OPERATION_LABELS = [
  'server',
  'mcp_method_name',
  'gen_ai_tool_name',
  'error_type',
  'gen_ai_operation_name',
  'rpc_response_status_code',
  'mcp_protocol_version',
  'network_transport',
] as const

/** OpenTelemetry's names (semantic-conventions-genai): moved where `opentelemetry` is on. */
const otel = declare('otel', {
  mcp_server_operation_duration_seconds: histogram(
    "OpenTelemetry: duration of an MCP request, as its receiver sees it: mostly a client's, of a server.",
    OPERATION_LABELS,
    { ...otelDuration, otelName: 'mcp.server.operation.duration' },
  ),
  mcp_client_operation_duration_seconds: histogram(
    "OpenTelemetry: duration of an MCP request, as its sender sees it: of a program's own client, or of the server's own (sampling, elicitation, roots).",
    OPERATION_LABELS,
    { ...otelDuration, otelName: 'mcp.client.operation.duration' },
  ),
  mcp_server_session_duration_seconds: histogram(
    'OpenTelemetry: duration of an MCP session, as the server sees it.',
    ['server', 'error_type', 'mcp_protocol_version', 'network_transport'],
    { ...otelDuration, otelName: 'mcp.server.session.duration' },
  ),
  mcp_client_session_duration_seconds: histogram(
    'OpenTelemetry: duration of an MCP session, as a program’s own client sees it.',
    ['server', 'error_type', 'mcp_protocol_version', 'network_transport'],
    { ...otelDuration, otelName: 'mcp.client.session.duration' },
  ),
})

/** The catalogue: scope → name without prefix → metric. */
export const CATALOGUE = { mcp, mcp_vitals: vitals, process, otel } as const

/** The whole catalogue as a list, in the order of its declaration. */
export const METRICS: readonly Metric[] = Object.values(CATALOGUE).flatMap((table) => Object.values<Metric>(table))
