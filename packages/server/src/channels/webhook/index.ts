import type { z } from 'zod'
import type { AlertView, Labels, Notification } from '../../alerts/index.js'
import type { ChannelKind } from '../contract.js'
import { deliver } from '../shared/post.js'
import type { webhookOptions } from './options.js'

/** What Alertmanager says for no time. */
const NEVER = '0001-01-01T00:00:00Z'

/** Alertmanager's webhook: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config */
export const webhookChannel: ChannelKind<z.infer<typeof webhookOptions>> = {
  sendsAcknowledged: false,
  create: ({ url, headers }, { fetch }, name) => ({
    send: (notification, signal) =>
      deliver({
        ...{ fetch, url, signal },
        headers: { 'content-type': 'application/json', 'idempotency-key': notification.id, ...headers },
        body: JSON.stringify(payloadOf(notification, name)),
      }),
  }),
}

function payloadOf({ alerts, truncated, firing, groupKey, groupLabels }: Notification, receiver: string) {
  return {
    version: '4',
    groupKey,
    truncatedAlerts: truncated,
    status: firing > 0 ? 'firing' : 'resolved',
    receiver,
    groupLabels,
    commonLabels: common(alerts.map(({ labels }) => labels)),
    commonAnnotations: common(alerts.map(({ annotations }) => annotations)),
    externalURL: '',
    alerts: alerts.map(alertOf),
  }
}

function alertOf({ state, labels, annotations, startsAt, endsAt, fingerprint }: AlertView) {
  return {
    status: state === 'resolved' ? 'resolved' : 'firing',
    labels,
    annotations,
    startsAt: new Date(startsAt).toISOString(),
    endsAt: endsAt === undefined ? NEVER : new Date(endsAt).toISOString(),
    generatorURL: '',
    fingerprint,
  }
}

/** The pairs that all have. */
function common([first = {}, ...others]: readonly Labels[]): Labels {
  return Object.fromEntries(Object.entries(first).filter(([name, value]) => others.every((one) => one[name] === value)))
}
