import { z } from 'zod'

/** Whether what listens there is reached from this machine alone. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}

const ORIGIN = /^https?:\/\/[^/?#@\s]+$/i
const HOST = /^(\*\.)?[^\s/:?#@*]+$|^\[[0-9a-fA-F:.]+\]$/

/** Where the daemon listens. */
export const listenOptions = z
  .strictObject({
    host: z
      .string()
      .min(1)
      .default('127.0.0.1')
      .meta({
        description:
          'Address to listen on. One that other machines reach needs `listen.adminToken` and `doors.keys` as well, else the start is refused.',
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
    adminToken: z
      .string()
      .regex(/^[\x21-\x7e]{32,512}$/)
      .optional()
      .meta({
        description:
          'Secret that callers off this machine show (`Authorization: Bearer …`) for everything but the gateway and the ingest, which have credentials of their own: 32 to 512 printable characters without spaces.',
        examples: ['write-here-what-openssl-rand-hex-32-prints'],
        env: 'MCP_VITALS_ADMIN_TOKEN',
      }),
    openScrape: z
      .boolean()
      .default(false)
      .meta({
        description:
          'Whether `/health`, `/health/ready`, `/ready` and `/metrics` answer callers off this machine without a token.',
        examples: [true],
        env: 'MCP_VITALS_OPEN_SCRAPE',
      }),
    allowedHosts: z
      .array(z.string().max(253).regex(HOST))
      .max(1000)
      .default([])
      .meta({
        description:
          'Names under which clients may call the daemon (their `Host` header, without port), beside the loopback names and the address that a connection came to. `*.` at the start takes every name below.',
        examples: [['metrics.example.org', '*.monitoring.svc']],
      }),
    allowedOrigins: z
      .array(z.string().max(300).regex(ORIGIN))
      .max(1000)
      .default([])
      .meta({
        description:
          'Web pages that may call the daemon (their `Origin` header, whole), beside those of this machine and of the daemon itself.',
        examples: [['https://inspector.example.org']],
      }),
  })
  .prefault({})
  .meta({ description: 'Where the daemon listens, and who may call it.' })

/** `host`: a loopback name or address. `port`: 0 to 65535. */
export type ListenOptions = z.infer<typeof listenOptions>
/** Whom the guard lets in beyond this machine. */
export type GuardOptions = Pick<ListenOptions, 'allowedHosts' | 'allowedOrigins'>
