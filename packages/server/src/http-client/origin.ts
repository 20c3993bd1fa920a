import { isIP, type TcpNetConnectOpts } from 'node:net'
import type { ConnectionOptions } from 'node:tls'

/** Where connections go. */
export interface Origin {
  readonly options: TcpNetConnectOpts & ConnectionOptions
  readonly isTls: boolean
}

/** The origin of an address, `http:` or `https:`. */
export function originOf({ protocol, hostname, port }: URL): Origin {
  const isTls = protocol === 'https:'
  const host = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
  const options = { host, port: Number(port) || (isTls ? 443 : 80) }
  if (!isTls) return { options, isTls }
  // A server's name may be no address (RFC 6066, 3).
  return { options: { ...options, ALPNProtocols: ['http/1.1'], servername: isIP(host) ? '' : host }, isTls }
}
