/** Most of an answer that is read. Bytes. */
const MAX_ANSWER_BYTES = 65_536
/** Longest wait that a far end may ask for: an hour. Milliseconds. */
const LONGEST_WAIT_MS = 3_600_000

export interface Post {
  readonly fetch: typeof fetch
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string | Uint8Array<ArrayBuffer>
  readonly signal: AbortSignal
}

/** What the far end said. */
export interface Answer {
  readonly status: number
  readonly text: string
  readonly retryAfterMs: number | undefined
}

/** It said nothing. The problem names no address. */
export interface Unanswered {
  readonly is: 'failed'
  readonly problem: string
}

/** Posts once. Redirects are not followed: they would take the message, and what proves who sends it, elsewhere. */
export async function post({ fetch, url, headers = {}, body, signal }: Post): Promise<Answer | Unanswered> {
  try {
    const response = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'manual' })
    const text = await textOf(response)
    return { status: response.status, text, retryAfterMs: waitOf(response.headers.get('retry-after')) }
  } catch (error) {
    return {
      is: 'failed',
      problem: signal.aborted ? 'gave no answer in time' : `could not be reached (${codeOf(error)})`,
    }
  }
}

async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk)
    size += chunk.byteLength
    if (size > MAX_ANSWER_BYTES) break
  }
  return Buffer.concat(chunks).subarray(0, MAX_ANSWER_BYTES).toString('utf8')
}

/** Seconds or a date (RFC 9110, 10.2.3), in milliseconds. */
function waitOf(text: string | null): number | undefined {
  if (text === null) return undefined
  const ms = /^\d+(\.\d+)?$/.test(text.trim()) ? Number(text) * 1000 : Date.parse(text) - Date.now()
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), LONGEST_WAIT_MS) : undefined
}

/** A code alone: messages of the network name addresses. */
function codeOf(error: unknown): string {
  const { cause, code, name } = error as {
    cause?: { code?: unknown; message?: unknown }
    code?: unknown
    name?: unknown
  }
  // Said by its words alone: https://fetch.spec.whatwg.org/#port-blocking
  if (cause?.message === 'bad port') return 'BAD_PORT'
  const known = [cause?.code, code, name].find((word) => typeof word === 'string' && /^\w{1,64}$/.test(word))
  return typeof known === 'string' ? known : 'error'
}
