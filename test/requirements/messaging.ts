import { kept, open, partly } from './state.js'

/** Section A: an MCP server through which agents send messages by outside providers. */
export const MESSAGING = {
  ...kept({
    'A4.metric.active-voice-sessions': 'gauge `mcp_active_voice_sessions`',
    'A4.metric.active-agents': 'gauge `mcp_active_agents`: agents provisioned and not deprovisioned',
  }),
  ...partly(3, "the label set of this system's preset", {
    'A3.metric.messages-sent': 'counter `mcp_messages_sent_total{channel}`',
    'A3.metric.webhooks-received': 'counter `mcp_webhook_received_total{type}`',
  }),
  ...kept({
    'A1.health.status-200': '`GET /health` answers 200 while the process runs',
    'A1.health.body':
      '`GET /health` answers as `{"status":"ok","uptime":123.45,"version":"0.1.0","environment":"development","demoMode":false}` does',
    'A1.health.field-status': '`status` is "ok"',
    'A1.health.field-uptime': '`uptime` is a number of seconds since the start, with a fraction',
    'A1.health.field-version': "`version` is the server's version, as 0.1.0",
    'A1.health.field-environment': '`environment` names the environment, as development',
    'A1.health.field-demo-mode': '`demoMode` is true in the demonstration and false otherwise',
    'A2.ready.checks-every-provider': '`GET /health/ready` checks the connection to every provider',
    'A2.ready.status-200': '`GET /health/ready` answers 200 when every provider is up',
    'A2.ready.status-503': '`GET /health/ready` answers 503 if any provider is down',
    'A2.ready.names-each': 'the body names each provider',
    'A2.ready.field-state': "the body gives each provider's state",
    'A2.ready.field-latency': "the body gives each provider's latency",
    'A2.ready.field-error': 'the body gives the error of a provider that is down',
    'A3.metrics.endpoint': '`GET /metrics` answers with counters in the Prometheus text format',
  }),
  ...partly(3, 'the view that leaves out the labels server and status', {
    'A3.metric.tool-calls': 'counter `mcp_tool_calls_total{tool}`',
  }),
  ...open(3, "this system's counters and gauges, moved by real events", {
    'A3.metric.rate-limit-hits': 'counter `mcp_rate_limit_hits_total{limit_type}`',
    'A3.metric.http-rate-limit-hits': 'counter `mcp_http_rate_limit_hits_total`, without labels',
    'A3.metric.auth-failures': 'counter `mcp_auth_failures_total`, without labels',
  }),
  ...partly(3, 'the preset that chooses this form', {
    'A5.log.one-object-a-line': 'logs are JSON on stdout, one object a line',
    'A5.log.field-level': 'each line has `level`, as info',
    'A5.log.field-timestamp': 'each line has `timestamp`, ISO and UTC, as 2026-02-15T12:00:00Z',
    'A5.log.field-event': 'each line has `event`, as send_message_success',
    'A5.log.collectors': 'the lines are ready for ELK, Datadog and Loki: one flat JSON object each',
  }),
  ...partly(3, 'the proof with personal data and secrets of every kind, in every field of a call', {
    'A5.log.nothing-personal': 'no personal data ever: routing metadata only',
  }),
  ...open(3, "this system's log form and the proof that nothing personal is logged", {
    'A5.log.routing-data': 'routing data follow the event: agent id, channel, direction',
    'A5.log.example':
      'a sent message logs as `{"level":"info","timestamp":"2026-02-15T12:00:00Z","event":"send_message_success","agentId":"agent-001","channel":"sms"}`',
  }),
  ...open(6, 'the audit log', {
    'A6.audit.append-only': 'the audit log is append-only: rows are added and never changed',
    'A6.audit.immutable': 'the store itself refuses to change or delete a row',
    'A6.audit.hash-chain': 'the rows form a SHA-256 hash chain',
    'A6.audit.field-id': 'field `id`: a UUID',
    'A6.audit.field-timestamp': 'field `timestamp`: ISO',
    'A6.audit.field-event-type': 'field `event_type`: PROVISION, DEPROVISION, AUTH_FAILURE and more',
    'A6.audit.field-actor': 'field `actor`: an agent id or "system"',
    'A6.audit.field-target': 'field `target`',
    'A6.audit.field-details': 'field `details`: JSON',
    'A6.audit.field-prev-hash': 'field `prev_hash`: the hash of the row before',
    'A6.audit.field-row-hash': 'field `row_hash`: the hash of this row',
    'A6.audit.any-change-found': 'any change to any row is found',
  }),
  ...open(8, 'alert routing and the WhatsApp channel', {
    'A7.route.critical': 'CRITICAL alerts go to the administrator by WhatsApp and to the log',
    'A7.route.high': 'HIGH alerts go to the administrator by WhatsApp and to the log',
    'A7.route.medium': 'MEDIUM alerts go to the log alone',
    'A7.route.low': 'LOW alerts go to the log alone',
    'A7.env.admin-whatsapp-number': '`ADMIN_WHATSAPP_NUMBER=+15551234567` says whom to tell',
    'A7.env.admin-whatsapp-sender': '`ADMIN_WHATSAPP_SENDER=whatsapp:+14155238886` says from whom, by Twilio',
  }),
  ...open(8, 'the triggers', {
    'A8.trigger.rate-limit': 'a rate limit exceeded raises MEDIUM',
    'A8.trigger.auth-failure': 'an authentication failure raises HIGH',
    'A8.trigger.brute-force': 'brute force raises HIGH',
    'A8.trigger.anomaly': 'an anomaly raises MEDIUM to HIGH, by how far off it is',
    'A8.trigger.spending': 'spending at 80 % of its limit raises MEDIUM',
    'A8.trigger.provider-error': 'a provider error raises HIGH',
  }),
  ...open(10, 'the dashboard', {
    'A9.dashboard.page': '`GET /admin/dashboard` is a web page',
    'A9.dashboard.system-health': 'it shows system health',
    'A9.dashboard.provider-status': 'it shows provider status',
    'A9.dashboard.active-agents': 'it shows active agents',
    'A9.dashboard.usage-summary': 'it shows a usage summary',
    'A9.dashboard.recent-alerts': 'it shows recent alerts',
    'A9.dashboard.refresh-30s': 'it refreshes itself every 30 seconds',
    'A10.dashboard.json': '`GET /admin/api/dashboard` gives the same data as JSON',
  }),
} as const
