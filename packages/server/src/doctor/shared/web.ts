/** Most of an answer that is read. */
const MAX_BODY_BYTES = 4_194_304
const TIMEOUT_MS = 5_000

export interface Question {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal: AbortSignal
  readonly timeoutMs?: number
}

/** An answer, read whole up to a bound. */
export interface Answered {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly isCut: boolean
}

/** No answer: the code of the system, of TLS, or `TIMEOUT`. */
export interface Unanswered {
  readonly code: string
}

/** Asks over HTTP or HTTPS. Redirects are not followed: where they lead is a finding. Never rejects. */
export async function ask(url: string, question: Question): Promise<Answered | Unanswered> {
  const { method = 'GET', headers = {}, body, signal, timeoutMs = TIMEOUT_MS } = question
  try {
    const response = await fetch(url, {
      method,
      headers: { 'user-agent': 'mcp-vitals', ...headers },
      ...(body !== undefined && { body }),
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    })
    const { text, isCut } = await textOf(response)
    return { status: response.status, headers: response.headers, text, isCut }
  } catch (error) {
    return { code: codeOf(error) }
  }
}

/** The same, the answer parsed; undefined for what is no success or no JSON. */
export async function askJson<T>(url: string, question: Question): Promise<T | undefined> {
  const answer = await ask(url, question)
  if (!('text' in answer) || answer.status !== 200) return undefined
  try {
    return JSON.parse(answer.text) as T
  } catch {
    return undefined
  }
}

async function textOf(response: Response): Promise<{ readonly text: string; readonly isCut: boolean }> {
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    chunks.push(chunk)
    sizeBytes += chunk.length
    if (sizeBytes >= MAX_BODY_BYTES) break
  }
  return { text: Buffer.concat(chunks).toString('utf8'), isCut: sizeBytes >= MAX_BODY_BYTES }
}

/** The code that says most: of the system where there is one, down the causes. */
export function codeOf(error: unknown): string {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth++) {
    if (cause.name === 'TimeoutError') return 'TIMEOUT'
    const { code } = cause as NodeJS.ErrnoException
    if (typeof code === 'string' && code !== 'ERR_INVALID_STATE') return code
    // Of several addresses of one name.
    const inner = (cause as Partial<AggregateError>).errors?.[0] as NodeJS.ErrnoException | undefined
    if (typeof inner?.code === 'string') return inner.code
  }
  return error instanceof Error ? error.name : 'failed'
}
