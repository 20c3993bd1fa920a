import { html } from 'hono/html'

/** Every text on a page comes from servers and clients: `html` escapes it, and this policy runs no script at all. */
const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

type Html = ReturnType<typeof html>

export interface Shell {
  readonly title: string
  /** How often the page loads itself again. Seconds. */
  readonly reloadSeconds: number
  /** What else stands in its head. */
  readonly head?: Html
  /** Style beyond that of every page. Ours, never a text of others. */
  readonly style?: string
  readonly body: Html
}

/** The answer of a page: one document, which asks for nothing else. */
export function pageOf({ title, reloadSeconds, head, style = '', body }: Shell): Response {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="${reloadSeconds}">
<title>${title}</title>${head ?? ''}
<style>${STYLE}${style}</style>
</head>
<body>
${body}
</body>
</html>`
  return new Response(String(page), { headers: HEADERS })
}

const STYLE = `:root{color-scheme:light dark;font:15px/1.5 system-ui,sans-serif}body{margin:2rem auto;max-width:70rem;padding:0 1rem}
h1 small{font-size:.6em;border:1px solid;border-radius:.4em;padding:.1em .4em;vertical-align:middle}
table{border-collapse:collapse;width:100%;display:block;overflow-x:auto}th,td{text-align:left;padding:.35rem .7rem;border-bottom:1px solid #8884;vertical-align:top}
th{font-weight:600}.n{text-align:right;font-variant-numeric:tabular-nums}.up,.healthy,.green{color:#187a3c}.down,.unhealthy,.red{color:#c22}.degraded,.yellow{color:#8a5a00}.maintenance{color:#1f5fbf}code{font-size:.92em;overflow-wrap:anywhere}
@media (prefers-color-scheme:dark){.up,.healthy,.green{color:#5fd08a}.down,.unhealthy,.red{color:#ff7b72}.degraded,.yellow{color:#e3b341}.maintenance{color:#79b0ff}}
`
