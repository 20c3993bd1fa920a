/** Names under which a process that listens on the loopback interface may be called. */
const LOOPBACK_NAMES: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '[::1]'])

/** Why a request is refused before anything reads it. */
export type Refusal = 'foreign_host' | 'foreign_origin'

/**
 * Keeps web pages out. A page that rebinds its own name to 127.0.0.1 still sends that name as `Host`; a page that
 * posts across sites still sends its `Origin`. Both must name this machine; `Origin` may be absent, since programs send none.
 */
export function refusalOf(headers: {
  readonly host?: string | undefined
  readonly origin?: string | undefined
}): Refusal | undefined {
  if (!LOOPBACK_NAMES.has(hostname(headers.host ?? ''))) return 'foreign_host'
  if (headers.origin === undefined) return undefined
  const origin = /^https?:\/\/(.+)$/.exec(headers.origin)
  return origin && LOOPBACK_NAMES.has(hostname(origin[1] as string)) ? undefined : 'foreign_origin'
}

/** `Host` without its port, in lower case. */
function hostname(authority: string): string {
  return authority.replace(/:\d{1,5}$/, '').toLowerCase()
}
