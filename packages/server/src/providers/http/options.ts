import { z } from 'zod'
import { secrets, shared } from '../shared/options.js'

const status = z.int().min(100).max(599)

/** An HTTP or HTTPS address that answers with an expected status. */
export const httpOptions = z.strictObject({
  type: z
    .literal('http')
    .meta({ description: 'Asks an address over HTTP or HTTPS. Redirects are not followed.', examples: ['http'] }),
  url: z
    .url({ protocol: /^https?$/ })
    .meta({ description: 'Address to ask.', examples: ['https://api.example.com/status'] }),
  method: z
    .enum(['GET', 'HEAD', 'OPTIONS', 'POST'])
    .default('GET')
    .meta({ description: 'HTTP method. No body is sent.', examples: ['HEAD'] }),
  expectStatus: z
    .union([status, z.array(status).min(1)])
    .optional()
    .meta({
      description: 'Status, or list of statuses, that means well. Where absent: 200 to 399.',
      examples: [[200, 401]],
    }),
  headers: secrets('Headers to send.', { authorization: `Bearer \${STATUS_TOKEN}` }),
  ...shared,
})

export type HttpOptions = z.infer<typeof httpOptions>
