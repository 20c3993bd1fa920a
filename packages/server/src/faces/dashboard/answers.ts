import type { ProblemDocument } from './api.js'

/** An answer with a document. */
export function document(value: object, headers: Record<string, string> = {}): Response {
  return Response.json(value, { headers })
}

/** The same of a document that is text already. */
export function documentText(text: string): Response {
  return new Response(text, { headers: { 'content-type': 'application/json' } })
}

/** An answer that says in a sentence what is wrong. */
export function problem(status: number, error: string, headers: Record<string, string> = {}): Response {
  return Response.json({ error } satisfies ProblemDocument, { status, headers })
}

const MAX_BODY_BYTES = 4096

/** The object that a request sends as JSON, or what is wrong with it. */
export async function bodyOf(request: Request): Promise<Readonly<Record<string, unknown>> | string> {
  // A form of another site cannot have it.
  if (!/^application\/json\b/i.test(request.headers.get('content-type') ?? ''))
    return 'Content-Type has to be application/json.'
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength
    if (size > MAX_BODY_BYTES) return `The body is longer than ${MAX_BODY_BYTES} bytes.`
    chunks.push(chunk)
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8') || '{}')
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {
    // Said below.
  }
  return 'The body is no JSON object, such as {"user":"kim","password":"…"}.'
}
