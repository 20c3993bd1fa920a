/** A body that was not read to its end: the HTTP status that says why, and the same in a word for a label. */
export interface BodyProblem {
  readonly status: 400 | 408 | 413
  readonly word: 'body_cut' | 'body_too_slow' | 'body_too_long'
  readonly reason: string
}

/** Reads a body as UTF-8 text, piece by piece, and gives up as soon as it is longer than `maxBytes` or takes too long. */
export async function readBody(
  request: Request,
  maxBytes: number,
  timeoutMs: number,
): Promise<{ readonly text: string } | { readonly problem: BodyProblem }> {
  const reason = `the body must be at most ${maxBytes} bytes`
  const tooLong = { problem: { status: 413, word: 'body_too_long', reason } } as const
  if (Number(request.headers.get('content-length')) > maxBytes) return tooLong
  if (!request.body) return { text: '' }
  const reader = request.body.getReader()
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  let late = false
  const timer = setTimeout(() => {
    late = true
    void reader.cancel().catch(() => {})
  }, timeoutMs)
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      sizeBytes += part.value.byteLength
      if (sizeBytes > maxBytes) {
        void reader.cancel().catch(() => {})
        return tooLong
      }
      chunks.push(part.value)
    }
    if (late)
      return {
        problem: { status: 408, word: 'body_too_slow', reason: `the body must arrive within ${timeoutMs} ms` },
      }
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)) }
  } catch {
    return { problem: { status: 400, word: 'body_cut', reason: 'the body must be complete, and UTF-8' } }
  } finally {
    clearTimeout(timer)
  }
}
