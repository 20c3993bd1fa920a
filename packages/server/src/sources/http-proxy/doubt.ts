import type { Exchange } from './exchange.js'
import { CODES, type Refusal } from './respond.js'

/** Headers by which a server may decide what a request is, whose it is, or where it ends. */
const DECISIVE: ReadonlySet<string> = new Set([
  'content-encoding',
  'content-length',
  'content-type',
  'mcp-method',
  'mcp-name',
  'mcp-protocol-version',
  'mcp-session-id',
  'transfer-encoding',
])
/** Ways to write the body's text in which other bytes than ours would make the same JSON, or the same bytes another. */
const CHARSET = /;\s*charset\s*=\s*"?([^\s";]*)/gi

/**
 * Why a request whose body a door reads cannot be told to mean to its server what it means to the door. A header that comes
 * twice, or under a name that only differs by `_` for `-`, is one that servers read differently (CGI and WSGI take the two for
 * one); a body in another charset (UTF-7, say, in which `+ACI-` is a quote) or under a compression is another text there.
 */
export function doubtOf({ rawHeaders }: Exchange['req']): Refusal | undefined {
  const seen = new Set<string>()
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const written = rawHeaders[at]!.toLowerCase()
    const name = written.replaceAll('_', '-')
    if (!DECISIVE.has(name)) continue
    if (written !== name || seen.has(name)) return refusalOf(400, `The header ${name} can be read in two ways.`)
    seen.add(name)
    const value = rawHeaders[at + 1]!
    if (name === 'content-encoding' && value.toLowerCase() !== 'identity')
      return refusalOf(415, 'A body that a door reads is not taken compressed.')
    if (name !== 'content-type') continue
    for (const [, charset] of value.matchAll(CHARSET))
      if (!/^utf-?8$/i.test(charset!)) return refusalOf(415, 'The charset of a JSON body is UTF-8 (RFC 8259, 8.1).')
  }
  return undefined
}

function refusalOf(status: number, message: string): Refusal {
  return { status, code: CODES.transport, message }
}
