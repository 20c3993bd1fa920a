import { z } from 'zod'
import { address, shared } from '../shared/options.js'

const signal = (description: string) =>
  z
    .boolean()
    .default(true)
    .meta({ description, examples: [false] })

export const otlpOptions = z
  .strictObject({
    endpoint: address(
      'Address of an OTLP/HTTP receiver, before `/v1/metrics`, `/v1/traces` and `/v1/logs`. Absent: nothing is pushed there.',
      'http://collector.example.com:4318',
      'MCP_VITALS_PUSH_OTLP_ENDPOINT',
    ),
    metrics: signal('Whether metrics are pushed there.'),
    traces: signal('Whether a span is pushed there for each request that ended.'),
    logs: signal('Whether the lines of the log are pushed there.'),
    intervalMs: z
      .int()
      .min(1000)
      .max(300_000)
      .default(60_000)
      .meta({ description: 'How often the metrics are sent, in milliseconds.', examples: [60_000] }),
    ...shared,
  })
  .prefault({})
  .meta({ description: 'Pushes metrics, traces and logs to an OpenTelemetry receiver by OTLP over HTTP.' })
