import { z } from 'zod'
import { headers, timeoutMs } from '../shared/options.js'

const status = z.int().min(100).max(599)

/** An HTTP or HTTPS address that answers as expected. */
export const httpOptions = <S extends z.ZodRawShape>(more: S) =>
  z.strictObject({
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
    expectBody: z
      .string()
      .min(1)
      .max(4096)
      .optional()
      .meta({
        description: 'A text that must stand in the answer’s first MiB.',
        examples: ['All systems operational'],
      }),
    expectJson: z
      .record(z.string().min(1).max(256), z.union([z.string(), z.number(), z.boolean(), z.null()]))
      .default({})
      .meta({
        description:
          'What the answer, read as JSON of at most 1 MiB, must hold: paths of keys and indexes with dots between, and their values.',
        examples: [{ status: 'ok', 'checks.database.status': 'ok' }],
      }),
    minTlsDays: z
      .number()
      .min(0)
      .max(10_000)
      .default(14)
      .meta({
        description:
          'Days that an HTTPS server’s certificate must still be valid; with fewer it is degraded, not failed.',
        examples: [30],
      }),
    headers: headers('Headers to send.', { authorization: `Bearer \${STATUS_TOKEN}` }),
    timeoutMs,
    ...more,
  })

export type HttpOptions = z.infer<ReturnType<typeof httpOptions<Record<never, never>>>>
