import { z } from 'zod'
import { host, port, shared } from '../shared/options.js'

/** A TCP port that takes connections. */
export const tcpOptions = z.strictObject({
  type: z.literal('tcp').meta({ description: 'Opens a TCP connection and closes it again.', examples: ['tcp'] }),
  host,
  port: port('TCP port.'),
  ...shared,
})

export type TcpOptions = z.infer<typeof tcpOptions>
