import type { z } from 'zod'
import type { ChannelKind } from '../contract.js'
import { outcomeOf, post } from '../shared/post.js'
import { cut, linesOf, titleOf, worstOf } from '../shared/text.js'
import type { slackOptions } from './options.js'

/** Slack cuts texts of attachments beyond it. Characters. */
const MOST_TEXT = 3000
const COLOURS = { LOW: '#439fe0', MEDIUM: 'warning', HIGH: 'danger', CRITICAL: 'danger' } as const

/** Slack's incoming webhooks: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks */
export const slackChannel: ChannelKind<z.infer<typeof slackOptions>> = {
  sendsAcknowledged: false,
  // Slack takes about one a second; nobody reads more.
  limit: { messages: 30, perMs: 60_000 },
  create: ({ url, channel }, { fetch }) => ({
    async send(notification, signal) {
      const title = escaped(cut(titleOf(notification), 200))
      const text = escaped(linesOf(notification, MOST_TEXT).join('\n'))
      const color = notification.firing > 0 ? COLOURS[worstOf(notification)] : 'good'
      const body = { text: title, ...(channel && { channel }), attachments: [{ color, fallback: title, text }] }
      const answer = await post({
        ...{ fetch, url, signal },
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      // It says why in a word: invalid_payload, no_service, channel_is_archived.
      return 'is' in answer ? answer : outcomeOf(answer, /^\w{1,64}$/.exec(answer.text.trim())?.[0])
    },
  }),
}

/** The three characters that mean something to Slack. */
function escaped(text: string): string {
  return text.replace(/[&<>]/g, (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[character]!)
}
