import { z } from 'zod'

/** Names of the loopback interface: the only addresses served so far. */
export const LOOPBACK_HOSTS: readonly string[] = ['127.0.0.1', 'localhost', '::1']

/** Where the daemon listens. */
export const listenOptions = z
  .strictObject({
    host: z
      .string()
      .min(1)
      .default('127.0.0.1')
      .meta({
        description: `Address to listen on: ${LOOPBACK_HOSTS.join(', ')}. Another one is refused.`,
        examples: ['127.0.0.1'],
        env: 'MCP_VITALS_HOST',
      }),
    port: z
      .number()
      .int()
      .min(0)
      .max(65_535)
      .default(9464)
      .meta({
        description: 'TCP port; 0 lets the system choose a free one. The default is OpenTelemetry’s for exporters.',
        examples: [9464],
        env: 'MCP_VITALS_PORT',
      }),
  })
  .prefault({})
  .meta({ description: 'Where the daemon listens.' })

/** `host`: a loopback name or address. `port`: 0 to 65535. */
export type ListenOptions = z.infer<typeof listenOptions>
