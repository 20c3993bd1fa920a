import { z } from 'zod'
import { address, headers, shared, type } from '../shared/options.js'

export const webhookOptions = z.strictObject({
  type: type('webhook', 'Posts what Alertmanager’s webhooks post, version 4.'),
  url: address('Where to post.', 'https://hooks.example.com/alerts'),
  headers,
  ...shared,
})
