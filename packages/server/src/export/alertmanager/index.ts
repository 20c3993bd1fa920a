import { formatDuration } from '../../promql/index.js'
import type { AlertsSubject, ExportTarget, Receiver } from '../contract.js'
import { heading, yamlFile } from '../text.js'

/** Where Alertmanager finds what nobody else is to read: a file for each secret. */
const SECRETS = '/etc/alertmanager/secrets'

export const alertmanager: ExportTarget = {
  name: 'alertmanager',
  about: 'configuration of Alertmanager: groups, repeats, and receivers by Slack, e-mail and PagerDuty',
  files: (subject) => [
    {
      path: 'alertmanager/alertmanager.yml',
      text: yamlFile(
        heading(subject, 'alertmanager', [
          `Secrets are read from files in ${SECRETS}; each receiver that needs one names its own.`,
        ]),
        alertmanagerConfig(subject.alerts),
      ),
    },
  ],
}

function alertmanagerConfig(alerts: AlertsSubject): object {
  const { receivers } = alerts
  const [first] = receivers
  return {
    global: { resolve_timeout: formatDuration(alerts.resolveTimeoutMs) },
    route: {
      receiver: first?.name,
      group_by: alerts.groupBy,
      group_wait: formatDuration(alerts.groupWaitMs),
      group_interval: formatDuration(alerts.groupIntervalMs),
      repeat_interval: formatDuration(alerts.repeatIntervalMs),
      ...(receivers.length > 1 && { routes: receivers.map(routeOf) }),
    },
    inhibit_rules: [
      {
        source_matchers: ['alertname="ServerUnreachable"'],
        target_matchers: ['alertname!="ServerUnreachable"'],
        equal: ['server'],
      },
      ...alerts.inhibit.map(({ sources, targets, equal }) => ({
        source_matchers: sources,
        target_matchers: targets,
        ...(equal.length > 0 && { equal }),
      })),
    ],
    receivers: receivers.map((receiver) => ({ name: receiver.name, ...RECEIVERS[receiver.type](receiver as never) })),
  }
}

/** Everybody is told of everything, but who is called out of bed, of what is critical. */
function routeOf({ name, type }: Receiver): object {
  return { receiver: name, ...(type === 'pagerduty' && { matchers: ['severity="critical"'] }), continue: true }
}

type Of<T extends Receiver['type']> = Extract<Receiver, { readonly type: T }>
const RECEIVERS: { readonly [T in Receiver['type']]: (receiver: Of<T>) => object } = {
  slack: ({ name, channel }) => ({
    slack_configs: [
      {
        api_url_file: `${SECRETS}/${name}-url`,
        channel,
        send_resolved: true,
        title: '{{ .CommonLabels.alertname }} ({{ .Status }})',
        text: '{{ range .Alerts }}{{ .Annotations.summary }}: {{ .Annotations.description }}\n{{ end }}',
      },
    ],
  }),
  email: ({ name, to, from, smarthost, user, requiresTls }) => ({
    email_configs: [
      {
        to,
        from,
        smarthost,
        ...(user !== undefined && { auth_username: user, auth_password_file: `${SECRETS}/${name}-password` }),
        ...(!requiresTls && { require_tls: false }),
        send_resolved: true,
      },
    ],
  }),
  pagerduty: ({ name, key }) => ({
    pagerduty_configs: [{ [`${key}_file`]: `${SECRETS}/${name}-key`, send_resolved: true }],
  }),
}
