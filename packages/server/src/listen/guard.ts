import type { GuardOptions } from './options.js'

/** Names under which a process that listens on the loopback interface may be called. */
const LOOPBACK_NAMES: readonly string[] = ['127.0.0.1', 'localhost', '[::1]']

/** Why a request is refused before anything reads it. */
export type Refusal = 'foreign_host' | 'foreign_origin'

/** What the guard looks at. */
export interface Caller {
  readonly host?: string | undefined
  readonly origin?: string | undefined
  /** Our end of the connection, as the system names it. */
  readonly localAddress?: string | undefined
}

/** Tells who may ask. */
export interface Guard {
  refusalOf(caller: Caller): Refusal | undefined
  /** Whether a page of this origin, as its header says it, may use what is served here. */
  allowsOrigin(origin: string, host?: string): boolean
}

/**
 * Keeps web pages out. A page that rebinds its own name to our address still sends that name as `Host`; a page that
 * posts across sites still sends its `Origin`. `Host` must be a loopback name, one of `allowedHosts`, or the very address
 * that the connection came to, which no page can have for a name. `Origin` may be absent, since programs send none; else
 * it must be a loopback one, the allowed `Host` itself, or one of `allowedOrigins`.
 */
export function createGuard({ allowedHosts, allowedOrigins }: GuardOptions): Guard {
  const names = new Set([...LOOPBACK_NAMES, ...allowedHosts.map((name) => name.toLowerCase())])
  const suffixes = allowedHosts.filter((name) => name.startsWith('*.')).map((name) => name.slice(1).toLowerCase())
  const origins = new Set(allowedOrigins.map((origin) => origin.toLowerCase()))
  const isNamed = (name: string) => names.has(name) || suffixes.some((suffix) => name.endsWith(suffix))

  function allowsOrigin(origin: string, host?: string): boolean {
    if (origins.has(origin.toLowerCase())) return true
    const authority = /^https?:\/\/([^/]+)$/i.exec(origin)?.[1]?.toLowerCase()
    if (authority === undefined) return false
    return LOOPBACK_NAMES.includes(hostname(authority)) || authority === host?.toLowerCase()
  }

  return {
    allowsOrigin,
    refusalOf({ host = '', origin, localAddress }) {
      const name = hostname(host)
      if (!isNamed(name) && name !== asHost(localAddress)) return 'foreign_host'
      return origin === undefined || allowsOrigin(origin, host) ? undefined : 'foreign_origin'
    },
  }
}

/** `Host` without its port, in lower case. */
function hostname(authority: string): string {
  return authority.replace(/:\d{1,5}$/, '').toLowerCase()
}

/** An address as it stands in `Host`; of an IPv4 address that came through an IPv6 socket, the former. */
function asHost(address: string | undefined): string | undefined {
  if (address === undefined) return undefined
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').toLowerCase()
  return plain.includes(':') ? `[${plain}]` : plain
}
