import { z } from 'zod'
import { address, headers, shared, type } from '../shared/options.js'

const { timeoutMs } = shared

export const alertmanagerOptions = z.strictObject({
  type: type(
    'alertmanager',
    'Sends what fires to an Alertmanager, again and again, as Prometheus does: it groups and tells.',
  ),
  url: address('Its address, without `/api/v2/alerts`.', 'http://127.0.0.1:9093'),
  headers,
  resendMs: z
    .int()
    .min(1000)
    .max(600_000)
    .default(60_000)
    .meta({
      description: 'How often what fires is sent. After four times of silence Alertmanager resolves it.',
      examples: [60_000],
    }),
  timeoutMs,
})
