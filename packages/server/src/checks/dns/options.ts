import { isIP, isIPv6 } from 'node:net'
import { z } from 'zod'
import { host, timeoutMs } from '../shared/options.js'

export const RECORD_TYPES = ['A', 'AAAA', 'CNAME', 'MX', 'NS', 'SRV', 'TXT'] as const

/** What Node's resolver takes: an IP address, one of IPv6 in brackets before a port. */
function isAddress(text: string): boolean {
  const [, v6, host = text, port = '53'] = /^(?:\[(.+)\]|([^:]+))(?::(\d+))?$/.exec(text) ?? []
  return (v6 === undefined ? isIP(host) !== 0 : isIPv6(v6)) && Number(port) > 0 && Number(port) <= 65_535
}

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
      .refine(isAddress, {
        error: ({ input }) =>
          `is ${JSON.stringify(input)}; expected: an IP address, with a port where it is not 53, for example "192.0.2.53:53"`,
      })
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
