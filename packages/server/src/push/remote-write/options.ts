import { z } from 'zod'
import { address, shared } from '../shared/options.js'

export const remoteWriteOptions = z
  .strictObject({
    url: address(
      'Address that takes remote writes, as Prometheus, VictoriaMetrics, Mimir and Thanos do. Absent: no metrics are pushed so.',
      'http://prometheus.example.com:9090/api/v1/write',
      'MCP_VITALS_PUSH_REMOTE_WRITE_URL',
    ),
    intervalMs: z
      .int()
      .min(1000)
      .max(300_000)
      .default(15_000)
      .meta({
        description: 'How often the metrics are sent, in milliseconds: what a scrape interval would be.',
        examples: [15_000],
      }),
    ...shared,
  })
  .prefault({})
  .meta({ description: 'Pushes the metrics by Prometheus’s remote write.' })
