import type { Exchanges } from './exchange.js'

const seen = new WeakSet<object>()

/**
 * Watches one exchange of a web-standard handler: `answer` gives what is to be sent in place of the response, which is
 * the same but for a body that is counted as it is read. An exchange that is watched already is left alone.
 */
export function watchFetch(exchanges: Exchanges, request: Request) {
  if (seen.has(request)) return undefined
  seen.add(request)
  const { headers, method } = request
  const requestBytes = declaredBytes(headers)
  const end = exchanges.begin({
    method,
    path: pathOf(request.url),
    hasCredentials: headers.has('authorization'),
    listens: headers.get('mcp-method') === 'subscriptions/listen',
  })

  return {
    answer(response: Response, route?: string): Response {
      const { status, body } = response
      const isStream = /^text\/event-stream/i.test(response.headers.get('content-type') ?? '')
      const over = (responseBytes: number) => end({ status, route, isStream, requestBytes, responseBytes })
      // What no response with a body can be made of is no response with a body: 101, and a network error.
      if (!body || method === 'HEAD' || status < 200 || status > 599) {
        over(0)
        return response
      }
      return new Response(counted(body, over), response)
    },
    /** The handler threw: what its server makes of that is a 500. */
    failed(): void {
      end({ status: 500, route: undefined, isStream: false, requestBytes, responseBytes: 0 })
    },
  }
}

/** The same stream, chunk by chunk as it is asked for; `over` hears how many bytes passed when it ends. */
function counted(body: ReadableStream<Uint8Array>, over: (sizeBytes: number) => void): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  let count = 0
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read()
          if (done) {
            over(count)
            controller.close()
            return
          }
          count += value?.byteLength ?? 0
          controller.enqueue(value)
        } catch (error) {
          over(count)
          controller.error(error)
        }
      },
      cancel(reason) {
        over(count)
        return reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
}

function declaredBytes(headers: Headers): number {
  const declared = headers.get('content-length') ?? ''
  return /^\d{1,15}$/.test(declared) ? Number(declared) : 0
}

function pathOf(url: string): string {
  try {
    return new URL(url).pathname
  } catch {
    return '/'
  }
}
