import { kept, open, partly } from './state.js'

/** Section F: where the five systems differ, and how one product serves all. */
export const TOGETHER = {
  ...kept({
    'F2.prefix.collision': 'a provider or prefix that makes two metrics one name is a configuration error',
    'F2.prefix.replaces': '`METRICS_PREFIX` replaces `mcp` on the names of the contract',
    'F2.prefix.not-our-own': 'the prefix never changes `mcp_vitals_*`',
    'F2.prefix.not-opentelemetry': "the prefix never changes OpenTelemetry's names",
    'F2.view.metrics': 'a preset is a view: `/metrics` reads the view',
    'F2.merge.by-catalogue': 'series merge by the way that the catalogue names for the metric: sum, min or max',
    'F2.merge.summaries': 'summaries merged give `_sum` and `_count` only',
    'F1.preset.log': "a preset sets the log's form and names",
    'F1.preset.file': '`presets/<system>.yaml` stands for each of the five systems',
    'F1.preset.port': 'a preset sets the port',
    'F1.preset.prefix': 'a preset sets the prefix',
    'F1.preset.label-sets': 'a preset sets the label sets',
    'F1.preset.health': "a preset sets health's fields and its word for well",
    'F2.view.label-set': "a metric's label set is part of the view, exactly as the rows say",
    'F2.view.messaging-tool-calls': 'messaging sees `mcp_tool_calls_total{tool}`',
    'F2.view.commerce-tool-calls': 'commerce sees `{tool,status}` on it',
    'F2.view.commerce-tool-availability': 'commerce sees `mcp_tool_availability{tool_name}`',
    'F2.view.commerce-errors':
      'commerce sees `mcp_errors_total{type,tool,reason}`, so that `rate(mcp_errors_total[5m]) > 0.05` means what it meant',
    'F2.view.plugins-requests': 'plugins sees `{method,endpoint,status}` on requests',
  }),
  ...open(12, 'rules and dashboards of every system, tried by its guide', {
    'F1.preset.exact': 'with a preset everything of that system is exact',
  }),
  ...kept({
    'F1.superset': "without a preset the product's own superset holds",
    'F1.preset.rule-set': 'a preset sets the rule set',
    'F2.view.query-api': '`/api/v1` and its rules read the view',
    'F2.own-rules.aggregate': "the product's own rules aggregate the label `server` away",
  }),
  ...open(12, 'dashboards by preset', { 'F1.preset.dashboards': 'a preset sets the dashboards' }),
  ...kept({
    'F2.default.server-label': "the product's own default adds the label `server`",
  }),
  ...open(10, 'the dashboard', { 'F2.dashboard.full-labels': 'the dashboard reads full labels' }),
  ...kept({
    'F3.requests.one-mcp-request':
      '`mcp_requests_total{method,endpoint,status}` counts one MCP request on any transport',
    'F3.requests.method': '`method` is the JSON-RPC method',
    'F3.requests.endpoint': '`endpoint` is the server',
    'F3.requests.status': '`status` is the outcome, the same on every transport',
    'F3.status.result-200': 'a result is 200',
    'F3.status.is-error-500': '`isError` is 500',
    'F3.status.internal-error-500': 'an internal error is 500',
    'F3.status.bad-arguments-400': 'bad arguments are 400',
    'F3.status.unknown-404': 'an unknown method, tool or resource is 404',
    'F3.status.timeout-504': 'a time-out is 504',
    'F3.status.http-only-without-answer': 'the HTTP status counts only where no JSON-RPC answer came',
    'F3.http.raw': 'raw HTTP is `mcp_http_*{method,path,status}`',
    'F3.http.post-duration': "a POST's duration ends when its own answer has passed",
    'F3.http.no-duration-for-get-streams': 'GET streams have no duration',
    'F3.http.no-duration-for-subscriptions': '`subscriptions/listen` has no duration',
  }),
  ...kept({
    'F4.health.always-200': '`/health` is liveness: always 200 while the process runs',
    'F4.health.dependencies-in-body': '`/health` tells of dependencies in its body',
    'F4.health-ready.status-503': '`/health/ready` answers 503 when a required dependency is down',
    'F4.ready.status-503': '`/ready` answers 503 when a required dependency is down',
  }),
  ...kept({ 'F6.rules.label': 'every rule carries the label `ruleset`' }),
  ...kept({
    'F6.rules.own-set': "a preset loads its own HighErrorRate and HighLatency, and no other system's",
    'F7.severity.four': 'severities are CRITICAL, HIGH, MEDIUM and LOW',
    'F7.severity.critical': "a Prometheus rule's `critical` is CRITICAL",
    'F7.severity.warning': "a Prometheus rule's `warning` is MEDIUM",
    'F7.severity.own-label': 'unless the rule carries `mcp_severity`',
  }),
  ...kept({
    'F8.port.default': "the product's own default port is 9464",
  }),
  ...kept({
    'F8.port.commerce': 'the commerce preset keeps 9090 for metrics',
    'F8.port.others': 'the other presets listen where the rows say: letta 8000, dust 5001, plugins 5000',
  }),
  ...kept({
    'F8.port.exported-prometheus':
      'where Prometheus runs on the host of commerce, the exported Prometheus listens on 9091',
  }),
  ...kept({
    'F9.text.reason': '`reason` is out of a bounded list',
  }),
  ...kept({
    'F10.network.rest-needs-token': 'everything else needs a token',
  }),
  ...kept({
    'F10.network.host-check': 'Host checks take the configured names',
  }),
  ...kept({
    'F10.network.scrape-without-token':
      '`/health`, `/health/ready`, `/ready` and `/metrics` need no token off loopback when the configuration says so',
  }),
  ...kept({
    'F10.network.dust-preset': 'the dust preset lets them be scraped by name or pod address',
  }),
  ...kept({
    'F10.network.kubernetes': 'the Kubernetes output lets them be scraped by name or pod address',
  }),
  ...kept({
    'F11.up.written':
      'the embedded engine writes `up{job,instance}` for itself and every server that it probes or proxies',
    'F11.up.never-exposed': '`up` is never exposed',
  }),
  ...kept({ 'F11.up.server-down': 'ServerDown works without Prometheus, by that `up`' }),
  ...kept({
    'F11.rules.server-unreachable': 'exported rules add ServerUnreachable on `mcp_server_up{server}`',
  }),
  ...kept({
    'F12.label.after-list': "a tool name becomes a label once its server's `tools/list` named it",
    'F12.label.after-success': 'or once a call of it succeeded',
    'F12.label.unknown': 'else it is `unknown`',
    'F12.label.starts-at-0': 'known tools start at 0',
    'F12.label.ends-with-tool': 'their series end when they are gone',
    'F12.label.evicts-nobody': 'a client that invents names evicts nobody',
  }),
  ...kept({
    'F5.log.messaging': 'messaging: `level`, `timestamp`, `event`',
    'F5.log.dust': 'dust: `level`, `timestamp`, `message`',
    'F5.log.letta': 'letta: text, as `INFO: Session started: session-123`',
    'F5.log.letta-time': 'letta: the ISO time stands in front unless it is switched off',
    'F5.log.plugins': 'plugins: `asctime`, `name`, `levelname` in upper case, `message`, `type`',
    'F9.text.error': '`error` is the error class and code',
    'F9.text.traceback': '`traceback` holds our own stack frames',
    'F9.text.raw-by-name': 'the raw text appears only where its owner switches it on by name',
  }),
  ...partly(6, 'the audit log', {
    'F9.text.user': '`user` is a pseudonymous actor',
  }),
} as const
