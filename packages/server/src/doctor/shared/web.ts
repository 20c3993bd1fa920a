/** Most of an answer that is read. */
const MAX_BODY_BYTES = 4_194_304
const TIMEOUT_MS = 5_000
/** How far down the causes of an error are followed. */
const MAX_CAUSES = 5

export interface Question {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal: AbortSignal
  /** From the question to the end of what is read. Default: 5 s. */
  readonly timeoutMs?: number
  /** Where enough of the answer is read. Default: at its end. */
  readonly until?: (text: string) => boolean
}

/** An answer, as far as it was read. */
export interface Answered {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** From the question to the head of the answer, and to the first byte behind it. */
  readonly headMs: number
  readonly firstMs: number | undefined
  /** Why no more was read. */
  readonly readTo: 'end' | 'enough' | 'timeout' | 'bound' | 'broken'
}

/** No answer: the code of the system, of TLS, `TIMEOUT`, or `BAD_PORT` where fetch does not ask at all. */
export interface Unanswered {
  readonly code: string
}

/** Asks over HTTP or HTTPS. Redirects are not followed: where they lead is told. Never rejects. */
export async function ask(url: string, question: Question): Promise<Answered | Unanswered> {
  const { method = 'GET', headers = {}, body, signal, timeoutMs = TIMEOUT_MS, until = () => false } = question
  const begun = performance.now()
  const sinceMs = () => performance.now() - begun
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
  try {
    const response = await fetch(url, {
      method,
      headers: { 'user-agent': 'mcp-vitals', ...headers },
      ...(body !== undefined && { body }),
      redirect: 'manual',
      signal: limit,
    })
    const headMs = sinceMs()
    const decoder = new TextDecoder()
    let [text, sizeBytes] = ['', 0]
    let firstMs: number | undefined
    let readTo: Answered['readTo'] = 'end'
    try {
      // To leave the loop closes what is left of a stream.
      for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
        firstMs ??= sinceMs()
        text += decoder.decode(chunk, { stream: true })
        sizeBytes += chunk.length
        readTo = until(text) ? 'enough' : sizeBytes >= MAX_BODY_BYTES ? 'bound' : 'end'
        if (readTo !== 'end') break
      }
    } catch {
      readTo = limit.aborted ? 'timeout' : 'broken'
    }
    return { status: response.status, headers: response.headers, text, headMs, firstMs, readTo }
  } catch (error) {
    return { code: codeOf(error) }
  }
}

export const isAnswer = (found: Answered | Unanswered): found is Answered => 'status' in found

/** The same, the answer parsed; undefined for what is no success or no JSON. */
export async function askJson<T>(url: string, question: Question): Promise<T | undefined> {
  const answer = await ask(url, question)
  return isAnswer(answer) && answer.status === 200 ? jsonIn<T>(answer.text) : undefined
}

export function jsonIn<T>(text: string): T | undefined {
  try {
    return JSON.parse(text) as T
  } catch {
    return undefined
  }
}

/** The code that says most: of the system where there is one, down the causes. */
export function codeOf(error: unknown): string {
  for (let cause = error, depth = 0; cause instanceof Error && depth < MAX_CAUSES; cause = cause.cause, depth++) {
    if (cause.name === 'TimeoutError') return 'TIMEOUT'
    // Said by its words alone: https://fetch.spec.whatwg.org/#port-blocking
    if (cause.message === 'bad port') return 'BAD_PORT'
    const { code } = cause as NodeJS.ErrnoException
    if (typeof code === 'string') return code
    // Of several addresses of one name.
    const inner = (cause as Partial<AggregateError>).errors?.[0] as NodeJS.ErrnoException | undefined
    if (typeof inner?.code === 'string') return inner.code
  }
  return error instanceof Error ? error.name : 'failed'
}
