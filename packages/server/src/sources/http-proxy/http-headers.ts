import type { IncomingHttpHeaders } from 'node:http'
import type { UrlEntry } from '../../children/index.js'

/** Headers that speak of one connection alone (RFC 9110, 7.6.1), and `expect`, which was answered here already. */
const HOP_BY_HOP = new Set([
  'connection',
  'expect',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/**
 * The headers to pass on, in node:http's raw form (name, value, name, value …): order and case as they came, without
 * those of the connection and those that its `Connection` header names.
 */
export function passedHeaders(raw: readonly string[]): string[] {
  const dropped = new Set(HOP_BY_HOP)
  for (let at = 0; at < raw.length; at += 2) {
    if (raw[at]!.toLowerCase() !== 'connection') continue
    for (const name of raw[at + 1]!.split(',')) dropped.add(name.trim().toLowerCase())
  }
  const passed: string[] = []
  for (let at = 0; at < raw.length; at += 2)
    if (!dropped.has(raw[at]!.toLowerCase())) passed.push(raw[at]!, raw[at + 1]!)
  return passed
}

/** A header's one value, the first of several; `name` in lower case. */
export function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name]
  return Array.isArray(value) ? value[0] : value
}

/** A client's headers for the upstream: `Host` rewritten in its place, the entry's own added where the client has none. */
export function requestHeaders(raw: readonly string[], target: URL, entry: UrlEntry): string[] {
  const headers = passedHeaders(raw)
  const names = new Set<string>()
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at]!.toLowerCase()
    names.add(name)
    if (name === 'host') headers[at + 1] = target.host
  }
  if (!names.has('host')) headers.push('Host', target.host)
  for (const [name, value] of Object.entries(entry.headers))
    if (!names.has(name.toLowerCase())) headers.push(name, value)
  return headers
}

/** A path segment that leads upwards, or stays, once an upstream has read it; its slashes and dots may be encoded. */
const DOT_SEGMENT = /(?:[/\\]|%2f|%5c)(?:\.|%2e){1,2}(?=[/\\]|%2f|%5c|$)/i

/**
 * The upstream address for a request to the gateway: the entry's, plus the path suffix and query that the client added.
 * Undefined where the suffix would lead out of the entry's own path: the entry opens that path alone, and its headers
 * may hold a secret.
 */
export function targetOf(entry: UrlEntry, rest: string): URL | undefined {
  const target = new URL(entry.url)
  const query = rest.indexOf('?')
  const suffix = query < 0 ? rest : rest.slice(0, query)
  if (DOT_SEGMENT.test(suffix)) return undefined
  if (suffix !== '') target.pathname = `${target.pathname.replace(/\/$/, '')}${suffix}`
  if (query >= 0 && rest.length > query + 1)
    target.search = `${target.search === '' ? '?' : `${target.search}&`}${rest.slice(query + 1)}`
  return target
}
