import type { UrlEntry } from '../../children/index.js'
import type { AnswerHead } from '../../http-client/index.js'
import type { Exchange } from './exchange.js'
import { targetOf, valueIn } from './http-headers.js'

/**
 * The head of an answer, with another `Location` where that is a redirection to another place below the server's own
 * address, as from `/mcp` to `/mcp/`: there a direct client would go on, and so one of the gateway goes on through the
 * gateway. A redirection that leads elsewhere stays as it came.
 */
export function keptRedirect({ req }: Pick<Exchange, 'req'>, head: AnswerHead, entry: UrlEntry): AnswerHead {
  const { status, rawHeaders } = head
  const location = status < 300 || status > 399 ? undefined : valueIn(rawHeaders, 'location')
  if (location === undefined) return head
  const [, base = '', rest = ''] = /^(\/mcp\/[^/?#]+)([/?].*)?$/.exec(req.url ?? '') ?? []
  const asked = targetOf(entry, rest)
  if (!asked || !URL.canParse(location, asked.href)) return head
  const below = placeBelow(new URL(entry.url), new URL(location, asked))
  if (below === undefined) return head
  const isLocation = (at: number) => at % 2 === 1 && rawHeaders[at - 1]!.toLowerCase() === 'location'
  return { ...head, rawHeaders: rawHeaders.map((text, at) => (isLocation(at) ? `${base}${below}` : text)) }
}

/** What follows the address of an entry: path, query and fragment. The query of the entry itself is no part of it: it may hold a secret. */
function placeBelow(own: URL, to: URL): string | undefined {
  const folder = own.pathname.replace(/\/$/, '')
  const isBelow = to.pathname === own.pathname || to.pathname.startsWith(`${folder}/`)
  if (to.origin !== own.origin || !isBelow) return undefined
  const suffix = to.pathname === own.pathname ? '' : to.pathname.slice(folder.length)
  const hasOwn = own.search !== '' && (to.search === own.search || to.search.startsWith(`${own.search}&`))
  const added = to.search.slice(own.search.length + 1)
  const query = hasOwn ? (added === '' ? '' : `?${added}`) : to.search
  return `${suffix}${query}${to.hash}`
}
