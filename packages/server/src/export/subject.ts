import { type Metric, viewName } from '@mcp-vitals/instrument/metrics'
import type { Config } from '../config/index.js'
import { readRuleSet } from '../rules/index.js'
import { VERSION } from '../version/index.js'
import type { AlertsSubject, ExportFile, LogSubject, Receiver, Subject } from './contract.js'

/** The job where nobody has named one, and what is deployed then. */
const OWN_NAME = 'mcp-vitals'

/** What the files are made from, of a valid configuration and the rule files that it names. */
export function subjectOf(config: Config, ruleFiles: readonly ExportFile[]): Subject {
  const { preset, listen, metrics, series, rules } = config
  const metricsPort = metrics.port ?? listen.port
  return {
    command: `mcp-vitals export${preset === undefined ? '' : ` --preset ${preset}`}`,
    name: hostName(series.job),
    version: VERSION,
    preset,
    port: listen.port,
    openScrape: listen.openScrape,
    metrics: {
      prefix: metrics.prefix,
      path: metrics.path,
      port: metricsPort,
      providers: Object.keys(config.providers),
      labelsOf: (metric: Metric) => metrics.labels[viewName(metric)] ?? metric.labels,
    },
    scrape: {
      job: series.job,
      target: series.instance ?? `localhost:${metricsPort}`,
      labels: series.labels,
      intervalMs: series.intervalMs,
    },
    rules: rules.sets.flatMap((set) => readRuleSet(set, metrics.prefix)),
    evaluationMs: rules.intervalMs,
    ruleFiles,
    alerts: alertsOf(config),
    log: logOf(config),
    servers: serversOf(config),
  }
}

/** A job's name as hosts, services and files may be named: RFC 1123, and short enough for a user of the system. */
function hostName(job: string): string {
  const name = job
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 30)
  return name === '' ? OWN_NAME : name
}

function alertsOf({ preset, alerts }: Config): AlertsSubject {
  const named = Object.entries(alerts.channels).flatMap(([name, channel]): readonly Receiver[] => {
    if (channel.type === 'slack') return [{ type: 'slack', name, channel: channel.channel ?? '#alerts' }]
    if (channel.type === 'pagerduty')
      return [{ type: 'pagerduty', name, key: channel.serviceKey === undefined ? 'routing_key' : 'service_key' }]
    if (channel.type !== 'email') return []
    const { to, from, host, port, user, tls } = channel
    const smarthost = `${host}:${port}`
    const recipients = typeof to === 'string' ? to : to.join(', ')
    return [{ type: 'email', name, to: recipients, from, smarthost, user, requiresTls: tls === 'required' }]
  })
  // The one system whose guide names Slack alone.
  const usual = preset === 'dust' ? USUAL_RECEIVERS.filter(({ type }) => type === 'slack') : USUAL_RECEIVERS
  return { ...alerts, receivers: named.length > 0 ? named : usual }
}

const USUAL_RECEIVERS: readonly Receiver[] = [
  {
    type: 'email',
    name: 'email',
    to: 'team@example.com',
    from: 'alerts@example.com',
    smarthost: 'smtp.example.com:587',
    user: 'alerts@example.com',
    requiresTls: true,
  },
  { type: 'slack', name: 'slack', channel: '#alerts' },
  { type: 'pagerduty', name: 'pagerduty', key: 'service_key' },
]

function logOf({ log, series }: Config): LogSubject {
  const isPython = log.form === 'plugins'
  const isJson = log.format === 'json' || (log.format === 'auto' && log.form !== 'letta')
  return {
    file: log.file?.startsWith('/') ? log.file : `/var/log/${hostName(series.job)}/${log.file ?? 'server.log'}`,
    isJson,
    levelKey: isPython ? 'levelname' : 'level',
    errors: isPython || !isJson ? ['ERROR', 'CRITICAL'] : ['error', 'critical'],
    timeKey: isPython && isJson ? 'asctime' : 'timestamp',
    isPythonTime: isPython,
    text: isJson ? undefined : { hasTime: log.timestamps, isPython },
  }
}

/** Servers at addresses without a secret in them; the others are for their owner to add. */
function serversOf({ servers }: Config): Subject['servers'] {
  return Object.entries(servers).flatMap(([name, entry]) => {
    if (entry.disabled || !('url' in entry) || Object.keys(entry.headers).length > 0) return []
    const { username, password, search } = new URL(entry.url)
    return username + password + search === '' ? [{ name, url: entry.url }] : []
  })
}
