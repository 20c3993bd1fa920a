import { kept } from './state.js'

/** Section E: an MCP server that runs plugin commands through a job queue. */
export const PLUGINS = {
  ...kept({
    'E2.metric.plugin-executions': '`mcp_plugin_executions_total{plugin,command,status}`',
    'E2.metric.plugin-execution-duration': '`mcp_plugin_execution_duration_seconds{plugin,command}`',
    'E2.metric.queue-size': '`mcp_queue_size{plugin}`',
    'E2.metric.queue-wait': '`mcp_queue_wait_seconds{plugin}`, a histogram',
    'E2.metric.active-connections': 'a gauge of active connections',
    'E2.metric.cpu': 'a gauge of CPU use',
    'E2.metric.memory': 'a gauge of memory use',
    'E2.metric.disk': 'a gauge of disk I/O, for E6',
    'E2.metric.network': 'a gauge of network I/O, for E6',
  }),
  ...kept({
    'E2.metric.requests': '`mcp_requests_total{method,endpoint,status}`',
    'E2.metric.request-duration': '`mcp_request_duration_seconds{method,endpoint}`',
  }),
  ...kept({
    'E3.health.endpoint': '`GET /health` answers',
    'E3.health.version': '`version`',
    'E3.health.uptime': '`uptime`',
    'E3.health.status': '`status` is "healthy"',
    'E3.health.queue-size': '`queue_size`',
    'E3.health.plugins': '`plugins` gives the status of each plugin',
    'E3.health.server': 'server health: process, memory, CPU',
    'E3.health.plugin': 'plugin health: availability, last execution, error rate',
    'E3.health.queue': 'queue health: size, processing rate, wait times',
  }),
  ...kept({ 'E3.health.port': 'port 5000' }),
  ...kept({
    'E4.rule.high-error-rate': 'HighErrorRate `rate(mcp_requests_total{status=~"5.."}[5m]) > 0.1` for 5m, critical',
    'E4.rule.queue-backlog': 'QueueBacklog `mcp_queue_size > 100` for 10m, warning',
    'E4.rule.slow-responses':
      'SlowResponses `histogram_quantile(0.95, rate(mcp_request_duration_seconds_bucket[5m])) > 1` for 5m, warning, by series',
  }),
  ...kept({
    'E5.receiver.email': 'receiver `email` with to and from',
    'E5.receiver.slack': 'receiver `slack` with channel `#alerts` and a webhook',
    'E5.receiver.pagerduty': 'receiver `pagerduty` with `service_key`',
    'E5.receiver.pagerduty-keys': 'Events v1 integration keys work beside v2 routing keys',
  }),
  ...kept({
    'E5.alertmanager.receivers': 'the exported Alertmanager configuration has these receivers',
  }),
  ...kept({
    'E6.grafana.overview': 'overview: request rate, error rate, response time, queue size',
    'E6.grafana.plugin-performance': 'plugin performance: executions, success rate, duration, queue wait',
    'E6.grafana.system-health': 'system health: CPU, memory, disk I/O, network',
    'E6.panel.request-rate': 'panel Request Rate `rate(mcp_requests_total[5m])`, legend `{{method}} {{endpoint}}`',
    'E6.panel.plugin-execution-rate': 'panel Plugin Execution Rate, legend `{{plugin}} {{command}}`',
    'E6.panel.queue-size': 'panel Queue Size (gauge), legend `{{plugin}}`',
  }),
  ...kept({
    'E7.curl.requests': '`curl -s localhost:5000/metrics | grep mcp_requests_total`',
    'E7.curl.health': '`curl -s localhost:5000/health | jq`',
  }),
  ...kept({
    'E7.curl.queue-size': 'the same with `mcp_queue_size`',
  }),
  ...kept({
    'E8.trouble.high-error-rate': 'a high error rate is explained: plugin logs, configuration, resources',
    'E8.trouble.slow-answers': 'slow answers are explained: queue, execution times, resources',
    'E8.trouble.queue-backlog': 'a queue backlog is explained: plugin health, execution times, scaling',
  }),
  ...kept({
    'E1.log.default-level': 'the default level is INFO',
    'E1.log.console': 'logs are JSON to the console',
    'E1.log.field-message': 'key `message`',
    'E1.log.levels': 'levels DEBUG, INFO, WARNING, ERROR, CRITICAL',
    'E1.log.file': 'logs are JSON to the rotating file `mcp.log`',
    'E1.log.file-size': 'the file rotates at 10,485,760 bytes',
    'E1.log.file-count': '5 files are kept',
    'E1.log.field-asctime': 'key `asctime`',
    'E1.log.field-name': 'key `name`',
    'E1.log.field-levelname': 'key `levelname`',
    'E1.log.category-in-type': 'the category stands in `type`',
    'E1.log.access': 'category `access` {method, path, status, duration_ms}',
    'E1.log.plugin': 'category `plugin` {plugin, command, status, duration_ms}',
    'E1.log.error': 'category `error` {error, traceback, context}',
    'E1.log.audit': 'category `audit` {action, user, details}',
    'E1.log.audit-sanitised': 'details of an audit line are sanitised',
  }),
  ...kept({
    'E7.grep.errors': '`grep "ERROR" mcp.log | tail -n 100`',
    'E7.grep.slow-plugins': `\`grep "plugin" mcp.log | jq 'select(.duration_ms > 1000)'\``,
  }),
} as const
