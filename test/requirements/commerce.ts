import { kept, open, partly } from './state.js'

/** Section C: a fleet of MCP servers with LLM-backed tools, watched by Prometheus and a health monitor. */
export const COMMERCE = {
  ...kept({
    'C2.metric.rate-limit-hits': '`mcp_rate_limit_hits_total` counts',
    'C5.metric.auth-failures': '`mcp_auth_failures_total` counts',
    'C5.metric.validation-failures': '`mcp_validation_failures_total` counts',
    'C5.metric.security-events': '`mcp_security_events_total` counts',
    'C3.metric.queue-depth': '`mcp_queue_depth` is a gauge of pending tool executions',
    'C1.metric.request-size': '`mcp_request_size_bytes` is a summary',
    'C1.metric.response-size': '`mcp_response_size_bytes` is a summary',
    'C3.metric.active-connections': '`mcp_active_connections` is a gauge',
    'C7.env.metrics-port': '`METRICS_PORT` overrides its port',
    'C7.server.metrics': 'it serves `/metrics`',
    'C7.server.health': 'it serves `/health`',
    'C7.server.status-page': 'it serves a status page at `/`',
    'C4.metric.agent-usage': '`mcp_agent_usage_total` counts by category',
    'C4.metric.llm-tokens': '`mcp_llm_tokens_total` counts tokens, for cost',
    'C4.metric.3d-generations': '`mcp_3d_generations_total` counts',
  }),
  ...kept({
    'C1.metric.request-duration': '`mcp_request_duration_seconds` is a histogram',
  }),
  ...kept({
    'C1.metric.tool-calls': '`mcp_tool_calls_total` counts by tool and status',
    'C2.metric.errors': '`mcp_errors_total` counts by type, tool and reason',
    'C2.metric.timeouts': '`mcp_timeouts_total` counts by tool',
    'C3.metric.server-uptime': '`mcp_server_uptime_seconds` is a gauge',
    'C3.metric.tool-availability': '`mcp_tool_availability` is 1 for an available tool; its label is `tool_name`',
  }),
  ...kept({
    'C6.library.wrapper': 'one wrapper around a handler instruments a tool, as `@monitored_tool` does',
    'C6.library.block': 'a block instruments what is inside, as `with record_tool_call("my_tool")` does',
    'C6.library.record-error': 'an error is recorded by hand, as `record_error(type, tool, message)` does',
    'C6.library.record-llm-tokens':
      'tokens are recorded by hand, as `record_llm_tokens(provider, model, input_tokens, output_tokens)` does',
  }),
  ...kept({
    'C6.python.one-file': 'one small Python file, standard library only, gives the same names',
    'C6.python.posts-to-ingest': 'the Python file posts to the ingest',
    'C6.python.monitored-tool': '`@monitored_tool` in Python',
    'C6.python.record-tool-call': '`with record_tool_call("my_tool")` in Python',
    'C6.python.record-error': '`record_error(type, tool, message)` in Python',
    'C6.python.record-llm-tokens': '`record_llm_tokens(provider, model, input_tokens, output_tokens)` in Python',
    'C7.python.background':
      'one call starts it in the background in Python: `start_metrics_server_background(port=9090)`',
  }),
  ...kept({
    'C7.server.port': 'a metrics server of its own, on port 9090 by default',
  }),
  ...kept({
    'C7.library.background': 'one call of the TypeScript library starts it in the background of another server',
  }),
  ...kept({
    'C8.check.once': '`--once` checks once and prints',
    'C8.check.heading': 'below the ruled heading MCP HEALTH CHECK RESULTS',
    'C8.check.block': 'each component is a block: a mark and its name in capitals (API, METRICS_SERVER …)',
    'C8.check.status-line': 'then the line `Status: healthy`',
    'C8.check.latency-line': 'then the line `Latency: 45ms`',
    'C8.check.interval': '`--interval 300` keeps checking',
    'C8.check.slack': '`--slack-webhook URL` alerts after 3 consecutive failures',
    'C8.check.exit-status': 'the exit status tells the result',
    'C8.check.cron': 'this cron line works: `*/5 * * * * cd <dir> && <check> --once >> /var/log/mcp-health.log 2>&1`',
    'C8.env.api-url': "`DEVSKYY_API_URL=http://localhost:8000` gives the API component's address",
    'C8.env.api-key': "`DEVSKYY_API_KEY` gives the API component's key",
  }),
  ...kept({
    'C9.remediation.restart': '"connection refused" on a component can restart it: a systemd unit, a command',
    'C12.watched.latency': 'latency p50, p95 and p99 are watched',
    'C10.component.healthy': 'a component is healthy under 1 s latency and under 1 % errors',
    'C10.component.degraded': 'a component is degraded under 5 s and 5 %',
    'C10.component.unhealthy': 'a component is unhealthy otherwise',
    'C10.system.green': 'GREEN: all servers and all tools up, errors < 1 %, p95 < 1 s, no critical alert',
    'C10.system.yellow': 'YELLOW: at least 80 % of tools, errors < 5 %, p95 < 5 s, no critical alert',
    'C10.system.red': 'RED: anything worse',
  }),
  ...partly(9, 'the daemon’s own metrics server; those of the libraries are started again', {
    'C9.remediation.metrics-server': 'a dead metrics server is started again',
  }),
  ...kept({
    'C11.prometheus.scrape-interval': 'scrape interval 15 s',
    'C11.prometheus.evaluation-interval': 'evaluation interval 15 s',
    'C11.prometheus.job': 'job `devskyy_mcp`',
    'C11.prometheus.target': 'target `localhost:9090`',
    'C11.prometheus.label-service': 'label `service: devskyy_mcp`',
    'C11.prometheus.label-environment': 'label `environment: production`',
    'C11.prometheus.rule-file': 'rule file `alerts.yml` wired in',
    'C11.prometheus.alertmanager': 'Alertmanager `localhost:9093` wired in',
  }),
  ...kept({
    'C11.grafana.dashboard': 'a Grafana dashboard file to import',
  }),
  ...kept({
    'C11.rules.group': 'rule group `devskyy_mcp`, interval 30 s',
    'C11.rules.annotations': 'each rule has summary and description, with value and threshold in it',
    'C11.rule.high-error-rate': 'HighErrorRate `rate(mcp_errors_total[5m]) > 0.05` for 5m, critical',
    'C11.rule.high-latency':
      'HighLatency `histogram_quantile(0.95, sum(rate(mcp_request_duration_seconds_bucket[5m])) by (le)) > 5` for 5m, warning',
    'C11.rule.tool-unavailable': 'ToolUnavailable `mcp_tool_availability == 0` for 1m, critical',
    'C11.rule.tool-unavailable-text': 'its text is "Tool {{ $labels.tool_name }} is unavailable"',
    'C11.rule.server-down': 'ServerDown `up{job="devskyy_mcp"} == 0` for 1m, critical',
    'C12.rule.error-rate-changing': 'an alert when the error rate changes',
    'C12.rule.latency-staying-high': 'an alert when latency stays high',
    'C12.rule.queue-growing': 'an alert when the queue depth grows',
  }),
  ...kept({
    'C12.rule.auth-failures-repeating': 'an alert when authentication failures repeat',
  }),
  ...open(10, 'the dashboard', {
    'C12.watched.request-rate': 'request rate and throughput are watched',
    'C12.watched.error-rate': 'the error rate is watched by type and tool',
    'C12.watched.tool-availability': 'tool availability is watched',
    'C12.watched.token-use': 'token use is watched',
  }),
  ...partly(10, 'the dashboard, which shows what the own rules record and tell', {
    'C12.capacity.request-rate-trend': 'capacity planning shows the request-rate trend',
    'C12.capacity.cost-forecast': 'capacity planning shows token use for a cost forecast',
    'C12.capacity.queue-depth': 'capacity planning shows the queue depth',
  }),
  ...kept({
    'C13.trouble.curl-metrics': '`curl …/metrics | grep mcp_` shows what there is',
    'C13.trouble.port-taken': 'a port taken is explained: who has it, how to choose another: `METRICS_PORT=9091`',
    'C13.trouble.no-metrics':
      'no metrics is explained: is the server up, does Prometheus scrape (`/api/v1/targets`), the firewall',
    'C13.trouble.grafana-empty': 'an empty Grafana is explained: data source, query, time range',
  }),
} as const
