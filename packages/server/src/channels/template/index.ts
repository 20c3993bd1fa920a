import type { z } from 'zod'
import type { Notification, Severity } from '../../alerts/index.js'
import type { ChannelKind } from '../contract.js'
import { deliver } from '../shared/post.js'
import { cut, linesOf, textOf, titleOf, worstOf } from '../shared/text.js'
import type { FORMS, templateOptions } from './options.js'

type Form = (typeof FORMS)[number]

const MOST_TEXT = 3500

/** What each service takes. */
const BODIES: Readonly<Record<Form, (notification: Notification, to: string) => unknown>> = {
  // https://docs.ntfy.sh/publish/#publish-as-json
  ntfy: (notification, to) => ({
    topic: to,
    title: cut(titleOf(notification), 200),
    message: linesOf(notification, MOST_TEXT).join('\n') || titleOf(notification),
    priority: notification.firing > 0 ? PRIORITIES[worstOf(notification)] : 2,
  }),
  // https://discord.com/developers/docs/resources/webhook#execute-webhook
  discord: (notification) => ({ content: textOf(notification, 1900), allowed_mentions: { parse: [] } }),
  // https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors: an adaptive card
  teams: (notification) => ({
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          body: [
            { type: 'TextBlock', text: cut(titleOf(notification), 200), weight: 'Bolder', wrap: true },
            ...linesOf(notification, MOST_TEXT).map((text) => ({ type: 'TextBlock', text, wrap: true })),
          ],
        },
      },
    ],
  }),
  // https://core.telegram.org/bots/api#sendmessage
  telegram: (notification, to) => ({ chat_id: to, text: textOf(notification, MOST_TEXT) }),
}

const PRIORITIES: Readonly<Record<Severity, number>> = { LOW: 2, MEDIUM: 3, HIGH: 4, CRITICAL: 5 }

/** A webhook in the form of a service, or of the configuration. */
export const templateChannel: ChannelKind<z.infer<typeof templateOptions>> = {
  sendsAcknowledged: false,
  limit: { messages: 30, perMs: 60_000 },
  create: ({ url, headers, form, to = '', body = '', contentType }, { fetch }) => ({
    send: (notification, signal) =>
      deliver({
        ...{ fetch, url, signal },
        headers: { 'content-type': contentType, ...headers },
        body:
          form === undefined ? filled(body, contentType, notification) : JSON.stringify(BODIES[form](notification, to)),
      }),
  }),
}

function filled(body: string, contentType: string, notification: Notification): string {
  const isJson = /[/+]json\b/i.test(contentType)
  const values: Readonly<Record<string, string>> = {
    title: titleOf(notification),
    text: linesOf(notification, MOST_TEXT).join('\n'),
    severity: worstOf(notification),
    status: notification.firing > 0 ? 'firing' : 'resolved',
    firing: String(notification.firing),
    resolved: String(notification.resolved),
    id: notification.id,
  }
  return body.replace(/\{\{ ?(\w+) ?\}\}/g, (placeholder, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name]! : placeholder
    return isJson ? JSON.stringify(value).slice(1, -1) : value
  })
}
