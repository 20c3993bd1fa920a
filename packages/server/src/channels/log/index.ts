import type { z } from 'zod'
import type { AlertView } from '../../alerts/index.js'
import type { ChannelKind } from '../contract.js'
import { lineOf, titleOf } from '../shared/text.js'
import type { logChannelOptions } from './options.js'

/** Alerts of one message that have a line each; the rest are counted in one. */
const MOST_LINES = 20

const LEVELS = { LOW: 'info', MEDIUM: 'warning', HIGH: 'error', CRITICAL: 'error' } as const

/** A line of our own log for each alert. */
export const logChannel: ChannelKind<z.infer<typeof logChannelOptions>> = {
  sendsAcknowledged: true,
  create: (_, { say }) => ({
    async send(notification) {
      const { alerts, truncated, reason } = notification
      if (alerts.length === 0) say('info', 'alert_notice', titleOf(notification), { reason })
      for (const alert of alerts.slice(0, MOST_LINES))
        say(levelOf(alert), `alert_${alert.state}`, `Alert: ${lineOf(alert)}`, fieldsOf(alert, reason))
      const more = Math.max(0, alerts.length - MOST_LINES) + truncated
      if (more > 0) say('warning', 'alert_more', `${titleOf(notification)}: ${more} more alerts`, { reason, more })
      return { is: 'sent' }
    },
  }),
}

function levelOf({ state, severity }: AlertView) {
  return state === 'firing' ? LEVELS[severity] : 'info'
}

function fieldsOf({ labels, severity, fingerprint }: AlertView, reason: string) {
  const { alertname = '', server, tool } = labels
  return { alertname, severity, fingerprint, reason, ...(server && { server }), ...(tool && { tool }) }
}
