import type { Exchange } from './exchange.js'

/** What a page may read of our answers beside the body: what a client needs to go on. */
const EXPOSED = 'Mcp-Session-Id, WWW-Authenticate, Retry-After, RateLimit, RateLimit-Policy'
/** How long a browser may keep a preflight's answer. */
const MAX_AGE_SECONDS = 600

/**
 * Lets the page that asks read an answer of ours (Fetch, CORS protocol). Whether its origin may ask at all was decided at
 * the door. Programs send no origin, and get no such headers.
 */
export function shareWithPage({ res, header }: Exchange): void {
  const origin = header('origin')
  if (origin === undefined) return
  res.setHeader('access-control-allow-origin', origin)
  res.setHeader('access-control-expose-headers', EXPOSED)
  res.setHeader('vary', 'Origin')
}

/** Answers the question that a browser asks before a page's request: these methods, and every header that it names. */
export function answerPreflight(exchange: Exchange, methods: string): void {
  const { res, header } = exchange
  const asked = header('access-control-request-headers')
  res.writeHead(204, {
    'access-control-allow-methods': methods,
    ...(asked !== undefined && { 'access-control-allow-headers': asked }),
    'access-control-max-age': String(MAX_AGE_SECONDS),
  })
  res.end()
}

/** True for a browser's question before a request of a page. */
export function isPreflight({ req, header }: Exchange): boolean {
  return (
    req.method === 'OPTIONS' && header('origin') !== undefined && header('access-control-request-method') !== undefined
  )
}
