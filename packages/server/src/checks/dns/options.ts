import { z } from 'zod'
import { host, timeoutMs } from '../shared/options.js'

export const RECORD_TYPES = ['A', 'AAAA', 'CNAME', 'MX', 'NS', 'SRV', 'TXT'] as const

/** A name that resolves. */
export const dnsOptions = <S extends z.ZodRawShape>(more: S) =>
  z.strictObject({
    type: z.literal('dns').meta({ description: 'Asks for the records of a name.', examples: ['dns'] }),
    host,
    recordType: z
      .enum(RECORD_TYPES)
      .default('A')
      .meta({ description: 'Type of the records.', examples: ['AAAA'] }),
    expect: z
      .string()
      .min(1)
      .max(1024)
      .optional()
      .meta({
        description:
          'A value that must be among the answers: an address, a name or a text. Where absent any answer will do.',
        examples: ['192.0.2.10'],
      }),
    resolver: z
      .string()
      .min(1)
      .max(256)
      .optional()
      .meta({
        description:
          'Address of the name server to ask, with a port where it is not 53; the system’s own where absent.',
        examples: ['192.0.2.53:53'],
      }),
    timeoutMs,
    ...more,
  })

export type DnsOptions = z.infer<ReturnType<typeof dnsOptions<Record<never, never>>>>
