import type { IncomingHttpHeaders } from 'node:http'
import type { UrlEntry } from '../../children/index.js'

const CONNECTION = 'connection'

/** Headers that speak of one connection alone (RFC 9110, 7.6.1), and `expect`, which was answered here already. */
const HOP_BY_HOP = new Set([
  'connection',
  'expect',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
])

/**
 * The headers to pass on, in node:http's raw form (name, value, name, value …): order and case as they came, without
 * those of the connection and those that its `Connection` header names. `hopValue`: what of a header of the connection
 * (its name in lower case) goes on all the same.
 */
export function passedHeaders(
  raw: readonly string[],
  hopValue: (name: string, value: string) => string | undefined = nothing,
): string[] {
  const named = namedByConnection(raw)
  const passed: string[] = []
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at]!.toLowerCase()
    const isOfHop = HOP_BY_HOP.has(name)
    const value = isOfHop ? hopValue(name, raw[at + 1]!) : raw[at + 1]!
    if (value !== undefined && !named?.has(name)) passed.push(raw[at]!, value)
  }
  return passed
}

const nothing = (): undefined => undefined

/** The names that `Connection` headers hold, in lower case; undefined where they hold none but the common ones. */
function namedByConnection(raw: readonly string[]): ReadonlySet<string> | undefined {
  let named: Set<string> | undefined
  for (let at = 0; at < raw.length; at += 2) {
    if (raw[at]!.length !== CONNECTION.length || raw[at]!.toLowerCase() !== CONNECTION) continue
    for (const part of raw[at + 1]!.split(',')) {
      const name = part.trim().toLowerCase()
      if (name === 'keep-alive' || name === 'close' || HOP_BY_HOP.has(name)) continue
      named ??= new Set()
      named.add(name)
    }
  }
  return named
}

/** A header's one value, the first of several; `name` in lower case. */
export function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name]
  return Array.isArray(value) ? value[0] : value
}

/** A header's value in a raw form, several joined as a list (RFC 9110, 5.3); undefined where there is none. `name` in lower case. */
export function valueIn(raw: readonly string[], name: string): string | undefined {
  let value: string | undefined
  for (let at = 0; at < raw.length; at += 2) {
    if (raw[at]!.length !== name.length || raw[at]!.toLowerCase() !== name) continue
    value = value === undefined ? raw[at + 1]! : `${value}, ${raw[at + 1]}`
  }
  return value
}

/** What a `Transfer-Encoding` names beside `chunked`, which is its last; undefined where that is nothing. */
export function furtherCodings(value: string): string | undefined {
  const comma = value.lastIndexOf(',')
  return comma < 0 ? undefined : value.slice(0, comma).trim()
}

/**
 * How the bytes of an answer's body are encoded, by its headers in raw form: `Content-Encoding`, and what was done to them
 * for their way; undefined where they are as they are.
 */
export function encodingOf(raw: readonly string[]): string | undefined {
  const content = valueIn(raw, 'content-encoding')
  const transfer = valueIn(raw, 'transfer-encoding')
  const further = transfer === undefined ? undefined : furtherCodings(transfer)
  if (further === undefined) return content
  return content === undefined || content.toLowerCase() === 'identity' ? further : `${content}, ${further}`
}

/** A raw form in pairs, as node:http takes trailers. */
export function addedTrailers(raw: readonly string[]): [string, string][] {
  const pairs: [string, string][] = []
  for (let at = 0; at < raw.length; at += 2) pairs.push([raw[at]!, raw[at + 1]!])
  return pairs
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** A value that may be wrapped as `=?base64?…?=` (UTF-8), unwrapped; undefined where what is wrapped is no base64. */
export function decodedHeader(value: string | undefined): string | undefined {
  const wrapped = value === undefined ? undefined : /^=\?base64\?(.*)\?=$/.exec(value)?.[1]
  if (wrapped === undefined) return value
  return BASE64.test(wrapped) ? Buffer.from(wrapped, 'base64').toString('utf8') : undefined
}

const TRAILERS = /(?:^|,)\s*trailers\s*(?:,|$)/i

/**
 * A client's headers for the upstream: `Host` rewritten in its place, the entry's own added where the client has none. A
 * body that comes in chunks is sent in chunks, whatever the method; what else was done to it is done still. Trailers pass
 * as they come, so they may be asked for; another coding of the answer would be asked for in vain.
 */
export function requestHeaders(raw: readonly string[], target: Pick<URL, 'host'>, entry: UrlEntry): string[] {
  const headers = passedHeaders(raw, (name, value) => {
    if (name === 'transfer-encoding') return value
    return name === 'te' && TRAILERS.test(value) ? 'trailers' : undefined
  })
  const host = placeOf(headers, 'host')
  if (host < 0) headers.push('Host', target.host)
  else headers[host + 1] = target.host
  for (const [name, value] of Object.entries(entry.headers))
    if (placeOf(headers, name.toLowerCase()) < 0) headers.push(name, value)
  return headers
}

/** Where the first header of this name (in lower case) stands in a raw form; -1 where there is none. */
export function placeOf(raw: readonly string[], name: string): number {
  for (let at = 0; at < raw.length; at += 2)
    if (raw[at]!.length === name.length && raw[at]!.toLowerCase() === name) return at
  return -1
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

/** Whether a request has a body. */
export function carriesBody({ headers }: { readonly headers: IncomingHttpHeaders }): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
}
