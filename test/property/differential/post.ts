/** A client of Streamable HTTP that hands out the texts of messages as they came, byte for byte. */

export interface Posted {
  readonly status: number
  readonly session: string | undefined
  /** Every message so far, as its text. */
  readonly messages: readonly string[]
  /** Resolves when the answer is over; at once after `leave`. */
  readonly over: Promise<void>
  leave(): void
}

/** Sends `body` as it is, or opens a stream where there is none. Resolves when the answer begins. */
export async function post(address: URL, body: string | undefined, headers: Record<string, string>): Promise<Posted> {
  const stop = new AbortController()
  const response = await fetch(address, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      accept: body === undefined ? 'text/event-stream' : 'application/json, text/event-stream',
      ...headers,
    },
    ...(body !== undefined && { body }),
    signal: stop.signal,
  })
  const messages: string[] = []
  const over = read(response, messages).catch((error: Error) => {
    if (error.name !== 'AbortError') throw error
  })
  return {
    status: response.status,
    session: response.headers.get('mcp-session-id') ?? undefined,
    messages,
    over,
    leave: () => stop.abort(),
  }
}

async function read(response: Response, messages: string[]): Promise<void> {
  if (!response.headers.get('content-type')?.startsWith('text/event-stream')) {
    const text = await response.text()
    if (text !== '') messages.push(text)
    return
  }
  let pending = ''
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    const events = (pending + chunk).split('\n\n')
    pending = events.pop()!
    for (const event of events) {
      // By hand: to a regular expression U+2028 ends a line too.
      const data = event.split('\n').find((line) => line.startsWith('data: '))
      if (data !== undefined && data !== 'data: ') messages.push(data.slice('data: '.length))
    }
  }
}
