import {
  SdkErrorCode,
  SdkHttpError,
  SSEClientTransport,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client'

/** Longest time that a server may take over the end of a session that it has nothing more to say in. */
const GOODBYE_TIMEOUT_MS = 1_000

export interface ClientTransportOptions {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Ends everything, at whatever point. The transports and their client know of no signal for all that they do. */
  readonly signal: AbortSignal
  /** Default: Node's own. */
  readonly fetch?: typeof fetch
}

/**
 * Runs `act` with a client's end of Streamable HTTP, and ends the session that it opened. Rejects with the signal's reason
 * where that comes first; a server that does not answer is then not waited for, but for a second where a session is to end.
 */
export async function withTransport<T>(
  { url, headers, signal, fetch: send = fetch }: ClientTransportOptions,
  act: (transport: StreamableHTTPClientTransport) => Promise<T>,
): Promise<T> {
  const ask: typeof fetch = (input, init) =>
    abortable(init?.method === 'DELETE' ? AbortSignal.timeout(GOODBYE_TIMEOUT_MS) : signal, send)(input, init)
  const transport = new StreamableHTTPClientTransport(new URL(url), { fetch: ask, requestInit: { headers } })
  try {
    return await unlessAborted(signal, () => act(transport))
  } finally {
    await transport.terminateSession().catch(() => {})
    await transport.close()
  }
}

/**
 * The same over the deprecated HTTP+SSE transport, where to close the stream is to leave. Rejects with what HTTP failed
 * with, where it did: the transport says little of it, takes an aborted request for none at all, and would ask again for
 * a stream that broke off.
 */
export async function withOldTransport<T>(
  { url, headers, signal }: ClientTransportOptions,
  act: (transport: SSEClientTransport) => Promise<T>,
): Promise<T> {
  let fail: (reason: unknown) => void = () => {}
  const failed = new Promise<never>((_, reject) => {
    fail = reject
  })
  const ask: typeof fetch = async (input, init) => {
    try {
      return await answered(await abortable(signal)(input, init))
    } catch (error) {
      fail(error)
      throw error
    }
  }
  const transport = new SSEClientTransport(new URL(url), { fetch: ask, requestInit: { headers } })
  try {
    return await unlessAborted(signal, () => Promise.race([act(transport), failed]))
  } finally {
    await transport.close()
  }
}

function abortable(signal: AbortSignal, send = fetch): typeof fetch {
  return (input, init) =>
    send(input, { ...init, signal: init?.signal ? AbortSignal.any([init.signal, signal]) : signal })
}

async function unlessAborted<T>(signal: AbortSignal, act: () => Promise<T>): Promise<T> {
  signal.throwIfAborted()
  let abort = () => {}
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
  })
  try {
    return await Promise.race([act(), aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

async function answered(response: Response): Promise<Response> {
  if (response.ok) return response
  const { status, statusText } = response
  const text = await response.text()
  throw new SdkHttpError(SdkErrorCode.ClientHttpFailedToOpenStream, `HTTP ${status}`, { status, statusText, text })
}
