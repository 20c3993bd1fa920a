/** Below it no answer is stored, framed, read by other sites or taken for something else. */
const ADMIN_PATH = /^\/admin(?:\/|$)/

/** Headers of each answer below `/admin`, unless it says otherwise. */
export const SECURE_HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}

/** The answer with the headers that its path wants. */
export function secured(path: string, answer: Response): Response {
  if (ADMIN_PATH.test(path))
    for (const [name, value] of Object.entries(SECURE_HEADERS))
      if (!answer.headers.has(name)) answer.headers.set(name, value)
  return answer
}
