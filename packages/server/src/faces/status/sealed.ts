import { createHash } from 'node:crypto'

/** How long a reader may take an answer for the newest. Seconds. */
const MAX_AGE_SECONDS = 60

/** An answer that a reader may keep for a minute, and then asks for again by its tag: 304 where it is the same. */
export function sealed(request: Request, text: string, type: string, isPublic: boolean, status = 200): Response {
  const etag = `"${createHash('sha256').update(text).digest('hex').slice(0, 32)}"`
  const headers = {
    etag,
    'cache-control': `${isPublic ? 'public' : 'private'}, max-age=${MAX_AGE_SECONDS}`,
    'x-content-type-options': 'nosniff',
  }
  const known = request.headers
    .get('if-none-match')
    ?.split(',')
    .map((tag) => tag.trim().replace(/^W\//, ''))
  if (status === 200 && known?.some((tag) => tag === etag || tag === '*'))
    return new Response(null, { status: 304, headers })
  // An image is shown by itself too: then nothing in it may ask for anything.
  const policy = { 'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'" }
  return new Response(text, { status, headers: { ...headers, ...policy, 'content-type': type } })
}
