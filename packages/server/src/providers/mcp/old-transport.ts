import { SdkErrorCode, SdkHttpError, SSEClientTransport } from '@modelcontextprotocol/client'

export interface OldTransportOptions {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Ends everything, at whatever point. */
  readonly signal: AbortSignal
}

/**
 * Runs `act` with a client's end of the deprecated HTTP+SSE transport. Rejects with what HTTP failed with, where it did: the
 * transport says little of it, takes an aborted request for none at all, and would ask again for a stream that broke off.
 */
export async function withOldTransport<T>(
  { url, headers, signal }: OldTransportOptions,
  act: (transport: SSEClientTransport) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted()
  let fail: (reason: unknown) => void = () => {}
  const failed = new Promise<never>((_, reject) => {
    fail = reject
  })
  const abort = () => fail(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  const ask: typeof fetch = async (input, init) => {
    try {
      const signals = init?.signal ? [init.signal, signal] : [signal]
      return await answered(await fetch(input, { ...init, signal: AbortSignal.any(signals) }))
    } catch (error) {
      fail(error)
      throw error
    }
  }
  const transport = new SSEClientTransport(new URL(url), { fetch: ask, requestInit: { headers } })
  try {
    return await Promise.race([act(transport), failed])
  } finally {
    signal.removeEventListener('abort', abort)
    await transport.close()
  }
}

async function answered(response: Response): Promise<Response> {
  if (response.ok) return response
  const { status, statusText } = response
  const text = await response.text()
  throw new SdkHttpError(SdkErrorCode.ClientHttpFailedToOpenStream, `HTTP ${status}`, { status, statusText, text })
}
