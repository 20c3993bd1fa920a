import type { DaemonSeen, Finding } from '../contract.js'
import { type Answered, ask, isAnswer } from '../shared/web.js'
import { shown, shownUrl } from '../shared/words.js'

/** Headers that clients in a page send with a request. */
const SENT = ['content-type', 'mcp-session-id', 'mcp-protocol-version']

/**
 * Whether a page of `origin` may use the server at `url`: the question that a browser asks first (Fetch, CORS protocol),
 * and what the answers of the server let it read. `daemon`: the address is one of ours.
 */
export async function judgePage(
  name: string,
  url: string,
  origin: string,
  signal: AbortSignal,
  daemon: DaemonSeen | undefined,
): Promise<readonly Finding[]> {
  const preflight = await ask(url, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': [...SENT, 'authorization'].join(', '),
    },
    signal,
  })
  if (!isAnswer(preflight)) return []
  const missing = missingIn(preflight, origin)
  if (missing.length === 0) return []
  const isOwn = daemon !== undefined && url.startsWith(`${daemon.url}/`)
  return [
    {
      severity: 'error',
      subject: name,
      problem: `A page of ${origin} may not use it: the browser stops the connection (CORS).`,
      evidence: [
        `OPTIONS ${shownUrl(url)} with Origin: ${origin} was answered with HTTP ${preflight.status}`,
        ...missing,
      ],
      why: 'Programs are not concerned; in a page every request to it fails, with words in the browser’s console alone.',
      next: isOwn
        ? 'Allow the page in the configuration of the daemon.'
        : 'Have the server send these headers, for this origin alone; or let the page go through the gateway, which does.',
      fix: isOwn
        ? [`listen: { allowedOrigins: ['${origin}'] }`]
        : [
            `Access-Control-Allow-Origin: ${origin}`,
            'Access-Control-Allow-Methods: GET, POST, DELETE, OPTIONS',
            `Access-Control-Allow-Headers: ${[...SENT, 'authorization', 'last-event-id'].join(', ')}`,
            'Access-Control-Expose-Headers: Mcp-Session-Id',
          ],
    },
  ]
}

function missingIn({ status, headers }: Answered, origin: string): readonly string[] {
  const allowed = headers.get('access-control-allow-origin')
  if (status < 200 || status > 299 || (allowed !== origin && allowed !== '*'))
    return [
      allowed === null ? 'there is no Access-Control-Allow-Origin' : `Access-Control-Allow-Origin is ${shown(allowed)}`,
    ]
  const taken = (headers.get('access-control-allow-headers') ?? '').toLowerCase().split(/\s*,\s*/)
  const lacking = taken.includes('*') ? [] : SENT.filter((header) => !taken.includes(header))
  return lacking.length > 0 ? [`Access-Control-Allow-Headers lacks ${lacking.join(', ')}`] : []
}
