import type { z } from 'zod'
import type { Notification, Outcome } from '../../alerts/index.js'
import type { ChannelKind } from '../contract.js'
import { deliver } from '../shared/post.js'
import { cut, lineOf, titleOf, worstOf } from '../shared/text.js'
import type { pagerdutyOptions } from './options.js'

/** Characters of a summary that PagerDuty takes. */
const MOST_SUMMARY = 1024
/** Alerts that an incident tells of: an event may have 512 KB. */
const MOST_DETAILS = 50

const SEVERITIES = { LOW: 'info', MEDIUM: 'warning', HIGH: 'error', CRITICAL: 'critical' } as const

/**
 * PagerDuty's events: one incident for each group, which its hash tells apart, so that a repeated event is none.
 * https://developer.pagerduty.com/docs/events-api-v2-overview and, for service keys, Events API v1.
 */
export const pagerdutyChannel: ChannelKind<z.infer<typeof pagerdutyOptions>> = {
  sendsAcknowledged: true,
  create: ({ routingKey, serviceKey, apiUrl }, { fetch }) => {
    const base = apiUrl.replace(/\/$/, '')
    const say = (action: Action, notification: Notification, signal: AbortSignal) =>
      deliver({
        ...{ fetch, signal },
        url: routingKey === undefined ? `${base}/generic/2010-04-15/create_event.json` : `${base}/v2/enqueue`,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(
          routingKey === undefined
            ? first(serviceKey!, action, notification)
            : second(routingKey, action, notification),
        ),
      })
    return {
      async send(notification, signal): Promise<Outcome> {
        if (notification.reason !== 'test') return say(actionOf(notification), notification, signal)
        // A test leaves no incident open.
        const opened = await say('trigger', notification, signal)
        return opened.is === 'sent' ? say('resolve', notification, signal) : opened
      },
    }
  },
}

type Action = 'trigger' | 'acknowledge' | 'resolve'

function actionOf({ firing, alerts, truncated }: Notification): Action {
  if (firing === 0) return 'resolve'
  const known = alerts.filter(({ state }) => state === 'acknowledged').length
  return truncated === 0 && known === firing ? 'acknowledge' : 'trigger'
}

function second(routingKey: string, action: Action, notification: Notification) {
  const event = { routing_key: routingKey, event_action: action, dedup_key: notification.group }
  if (action !== 'trigger') return event
  const { labels = {}, startsAt = notification.at } = notification.alerts[0] ?? {}
  return {
    ...event,
    client: 'mcp-vitals',
    payload: {
      summary: cut(titleOf(notification), MOST_SUMMARY),
      source: labels.server ?? labels.instance ?? 'mcp-vitals',
      severity: SEVERITIES[worstOf(notification)],
      timestamp: new Date(startsAt).toISOString(),
      ...(labels.tool && { component: labels.tool }),
      ...(labels.alertname && { class: labels.alertname }),
      custom_details: detailsOf(notification),
    },
  }
}

function first(serviceKey: string, action: Action, notification: Notification) {
  const event = { service_key: serviceKey, event_type: action, incident_key: notification.group }
  if (action !== 'trigger') return event
  const description = cut(titleOf(notification), MOST_SUMMARY)
  return { ...event, description, client: 'mcp-vitals', details: detailsOf(notification) }
}

function detailsOf({ firing, resolved, alerts }: Notification) {
  return { firing, resolved, alerts: alerts.slice(0, MOST_DETAILS).map(lineOf) }
}
