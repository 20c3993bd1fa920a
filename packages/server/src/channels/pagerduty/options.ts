import { z } from 'zod'
import { shared, type } from '../shared/options.js'

const key = z.string().regex(/^[\w-]{16,64}$/)

export const pagerdutyOptions = z
  .strictObject({
    type: type('pagerduty', 'Opens, acknowledges and resolves an incident for each group, by PagerDuty’s events.'),
    routingKey: key.optional().meta({
      description: 'Integration key of Events API v2, a secret.',
      examples: ['0123456789abcdef0123456789abcdef'],
    }),
    serviceKey: key.optional().meta({
      description: 'Integration key of Events API v1, a secret; instead of `routingKey`.',
      examples: ['0123456789abcdef0123456789abcdef'],
    }),
    apiUrl: z
      .url({ protocol: /^https?$/ })
      .default('https://events.pagerduty.com')
      .meta({
        description: 'Where its events go; another in its European region.',
        examples: ['https://events.eu.pagerduty.com'],
      }),
    ...shared,
  })
  .refine(({ routingKey, serviceKey }) => (routingKey === undefined) !== (serviceKey === undefined), {
    message: 'has to have either "routingKey" or "serviceKey"',
  })
