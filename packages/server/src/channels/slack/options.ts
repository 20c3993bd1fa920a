import { z } from 'zod'
import { address, shared, type } from '../shared/options.js'

export const slackOptions = z.strictObject({
  type: type('slack', 'Posts to an incoming webhook of Slack, or of what takes the same.'),
  url: address('The webhook’s address, a secret.', `https://hooks.slack.com/services/T000/B000/XXXX`),
  channel: z
    .string()
    .max(100)
    .optional()
    .meta({ description: 'Where, for webhooks that may choose. Default: the webhook’s own.', examples: ['#alerts'] }),
  ...shared,
})
