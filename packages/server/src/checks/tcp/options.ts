import { z } from 'zod'
import { host, port, timeoutMs } from '../shared/options.js'

/** A TCP port that takes connections. */
export const tcpOptions = <S extends z.ZodRawShape>(more: S) =>
  z.strictObject({
    type: z.literal('tcp').meta({ description: 'Opens a TCP connection and closes it again.', examples: ['tcp'] }),
    host,
    port: port('TCP port.'),
    timeoutMs,
    ...more,
  })

export type TcpOptions = z.infer<ReturnType<typeof tcpOptions<Record<never, never>>>>
